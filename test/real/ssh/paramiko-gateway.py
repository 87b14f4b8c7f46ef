"""Reads a file through the gateway in more requests than may be owed. argv: port, login, identity, path, requests, size."""
import sys
import time

import paramiko
from paramiko import sftp_file

port, login, identity, path, requests, size = sys.argv[1:]
transport = paramiko.Transport(("127.0.0.1", int(port)))
transport.connect(username=login, pkey=paramiko.Ed25519Key.from_private_key_file(identity))
sftp = paramiko.SFTPClient.from_transport(transport)
sftp_file.SFTPFile.MAX_REQUEST_SIZE = int(size)
with sftp.open(path, "r") as file:
    file.prefetch()
    deadline = time.monotonic() + 30
    while len(file._prefetch_extents) < int(requests) and time.monotonic() < deadline:
        time.sleep(0.01)
    sys.stdout.buffer.write(file.read())
transport.close()
