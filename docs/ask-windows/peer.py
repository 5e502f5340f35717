# The peer of a Windows that is asked: docs/ask-windows.md. Argument: its address.
import socket, sys, time
s = socket.create_connection((sys.argv[1], 4242))
time.sleep(4)
print("send", s.send(bytes(100)))
time.sleep(1)
s.settimeout(5)
try:
    print("recv", len(s.recv(100)))
except OSError as error:
    print("recv", error)
