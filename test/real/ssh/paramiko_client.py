"""What people do with paramiko, through a grant: exec, sftp, a shell. Prints what came of it."""

import hashlib
import io
import sys

import paramiko

host, port, login, secret, known_hosts, remote = sys.argv[1:]
client = paramiko.SSHClient()
client.load_host_keys(known_hosts)
client.set_missing_host_key_policy(paramiko.RejectPolicy())
client.connect(
    host, port=int(port), username=login, password=secret, look_for_keys=False, allow_agent=False
)

stdin, stdout, stderr = client.exec_command("cat; echo err >&2; exit 5")
stdin.write("through stdin\n")
stdin.channel.shutdown_write()
print("exec", stdout.read().decode().strip(), stderr.read().decode().strip(), stdout.channel.recv_exit_status())

content = bytes(range(256)) * 2000
sftp = client.open_sftp()
sftp.putfo(io.BytesIO(content), f"{remote}/paramiko")
back = io.BytesIO()
sftp.getfo(f"{remote}/paramiko", back)
print("sftp", hashlib.sha256(back.getvalue()).hexdigest() == hashlib.sha256(content).hexdigest())
print("stat", sftp.stat(f"{remote}/paramiko").st_size)
sftp.remove(f"{remote}/paramiko")
sftp.close()

shell = client.invoke_shell(term="xterm", width=100, height=30)
shell.settimeout(20)
shell.send("stty size; exit 3\n")
seen = b""
while not shell.exit_status_ready() or shell.recv_ready():
    piece = shell.recv(65536)
    if not piece:
        break
    seen += piece
print("shell", b"30 100" in seen, shell.recv_exit_status())
client.close()
