"""What a program with paramiko does: argv names the port and the folder at the target; prints one JSON object."""
import io
import json
import socket
import sys

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

data = bytes(range(256)) * 4096
sftp.putfo(io.BytesIO(data), f"{folder}/fo")

# Smaller requests than any link needs, all of them asked for at once: more than may be owed.
sftp_file.SFTPFile.MAX_REQUEST_SIZE = 128
back = io.BytesIO()
sftp.getfo(f"{folder}/fo", back)
told["same"] = back.getvalue() == data

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
