# What a Windows does after a receive shutdown: docs/ask-windows.md.
$listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Any, 4242)
$listener.Start()
$socket = $listener.AcceptSocket()
$octets = New-Object byte[] 100
function Ask($name, $call) {
    try { "$name = $(& $call), 0" }
    catch { "$name = -1, $($_.Exception.GetBaseException().NativeErrorCode)" }
}
Start-Sleep 2
Ask shutdown { $socket.Shutdown([Net.Sockets.SocketShutdown]::Receive); 0 }
Start-Sleep 4
Ask recv { $socket.Receive($octets) }
Ask send { $socket.Send($octets, 10, [Net.Sockets.SocketFlags]::None) }
$socket.Close()
$listener.Stop()
