"""What a program with paramiko does: argv names the port and the folder at the target; prints one JSON object."""
import io
import json
import socket
import sys
import time

import paramiko
from paramiko import sftp_file

port, folder = int(sys.argv[1]), sys.argv[2]


class Channel(socket.socket):
    """The little of a channel that SFTPClient asks for."""

    def get_name(self):
        return "pipe"


sock = Channel()
sock.connect(("127.0.0.1", port))
sock.sendall(b'["sftp"]\n')
sftp = paramiko.SFTPClient(sock)
told = {}

REQUESTS = 5000
SIZE = 128
data = bytes(range(256)) * (REQUESTS * SIZE // 256)
sftp.putfo(io.BytesIO(data), f"{folder}/fo")

# All of a file asked for at once, in more requests than may be owed. Reading begins when they are on their way: paramiko takes
# its read-ahead for done as soon as nothing of it is outstanding.
sftp_file.SFTPFile.MAX_REQUEST_SIZE = SIZE
with sftp.open(f"{folder}/fo", "r") as file:
    file.prefetch()
    while len(file._prefetch_extents) < REQUESTS:
        time.sleep(0.01)
    told["same"] = file.read() == data

with sftp.open(f"{folder}/fo", "r") as file:
    file.seek(1000)
    file.read(100)
    file.seek(10)
    file.read(100)

with sftp.open(f"{folder}/log", "w") as file:
    file.write("one\n")
with sftp.open(f"{folder}/log", "a") as file:
    file.write("two\n")
    file.write("three\n")
told["log"] = sftp.open(f"{folder}/log").read().decode()

# A read that is still on its way when the file is closed.
file = sftp.open(f"{folder}/fo", "r")
file.prefetch()
file.close()

try:
    sftp.remove(f"{folder}/missing")
except OSError as error:
    told["missing"] = str(error)
try:
    sftp.chmod(f"{folder}/log", 0o600)
    told["chmod"] = "done"
except OSError as error:
    told["chmod"] = str(error)
sftp.close()
print(json.dumps(told))
