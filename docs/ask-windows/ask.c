/* What a Windows does after a receive shutdown: docs/ask-windows.md. Arguments: recv or shutdown. */
#include <winsock2.h>
#include <stdio.h>
#include <string.h>

static void say(const char *call, int result) {
    printf("%s = %d, %d\n", call, result, result < 0 ? WSAGetLastError() : 0);
}

int main(int count, char **arguments) {
    WSADATA data;
    char octets[100] = {0};
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(4242)};
    WSAStartup(0x0202, &data);
    SOCKET listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    bind(listener, (struct sockaddr *)&any, sizeof any);
    listen(listener, 1);
    SOCKET s = accept(listener, NULL, NULL);
    Sleep(2000);
    if (count > 1 && strcmp(arguments[1], "recv") == 0)
        say("WSARecvDisconnect", WSARecvDisconnect(s, NULL));
    else
        say("shutdown", shutdown(s, SD_RECEIVE));
    Sleep(4000);
    say("recv", recv(s, octets, sizeof octets, 0));
    say("send", send(s, octets, 10, 0));
    say("closesocket", closesocket(s));
    return WSACleanup();
}
