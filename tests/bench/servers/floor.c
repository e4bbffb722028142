/* The floor: the least that a WebSocket relay can cost. It pairs connections that ask for the same path, and gives what one sends to the
   other: unmasked, with a new header, whole frames, one send for one receive. It parses no message, knows no ids, has no limits and no
   timers. It is for the benchmark alone: it answers only the key that the load generator sends. Usage: floor PORT */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 1 << 17, EVENTS = 256, BUCKETS = 1 << 14, PATH = 64 };

struct client {
    int fd;
    int open;                         /* has shaken hands */
    size_t held;                      /* bytes in `part` */
    unsigned char *part;              /* a frame or a request that is not whole */
    struct client *other, *next;      /* whom it is paired with; the next that waits in its bucket */
    char path[PATH];
};

static struct client *waiting[BUCKETS];
static unsigned char room[ROOM];

/* RFC 6455 section 1.3: this is the answer to the key dGhlIHNhbXBsZSBub25jZQ== of the example there. */
static const char UPGRADED[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static unsigned bucket(const char *path) {
    unsigned hash = 2166136261u;
    for (; *path; path++) hash = (hash ^ (unsigned char)*path) * 16777619u;
    return hash % BUCKETS;
}

static void pair(struct client *client) {
    struct client **at = &waiting[bucket(client->path)];
    for (; *at; at = &(*at)->next)
        if (strcmp((*at)->path, client->path) == 0) {
            client->other = *at;
            client->other->other = client;
            *at = client->other->next;
            return;
        }
    client->next = NULL;
    *at = client;
}

static void leave(struct client *client) {
    if (client->other) client->other->other = NULL;
    for (struct client **at = &waiting[bucket(client->path)]; *at; at = &(*at)->next)
        if (*at == client) {
            *at = client->next;
            break;
        }
    close(client->fd);
    free(client->part);
    free(client);
}

static int send_all(int fd, const unsigned char *data, size_t size) {
    while (size) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent < 0) return -1;
        data += sent;
        size -= (size_t)sent;
    }
    return 0;
}

/* Turns the whole masked frames at the start of `room` into unmasked ones, in place; returns how many bytes they were, or -1 at a close
   frame; `*made` is how many they are. */
static ssize_t translate(size_t size, size_t *made) {
    size_t at = 0, out = 0;
    for (;;) {
        if (size - at < 6) break;
        size_t length = room[at + 1] & 0x7F, head = 2;
        if (length == 126) {
            if (size - at < 8) break;
            length = (size_t)room[at + 2] << 8 | room[at + 3];
            head = 4;
        } else if (length == 127) {
            return -1;                /* nothing that is measured is so long */
        }
        if (size - at < head + 4 + length) break;
        if ((room[at] & 0x0F) == 8) return -1;
        unsigned char key[4];
        memcpy(key, room + at + head, 4);
        memmove(room + out, room + at, head);
        room[out + 1] &= 0x7F;
        unsigned char *to = room + out + head, *from = room + at + head + 4;
        uint64_t wide, keys;
        memcpy(&keys, key, 4);
        keys = (keys & 0xFFFFFFFFu) | keys << 32;
        size_t done = 0;
        for (; done + 8 <= length; done += 8) {
            memcpy(&wide, from + done, 8);
            wide ^= keys;
            memcpy(to + done, &wide, 8);
        }
        for (; done < length; done++) to[done] = from[done] ^ key[done & 3];
        at += head + 4 + length;
        out += head + length;
    }
    *made = out;
    return (ssize_t)at;
}

static int shake_hands(struct client *client, size_t size) {
    unsigned char *end = memmem(room, size, "\r\n\r\n", 4);
    if (!end) return 0;
    *end = 0;
    if (sscanf((char *)room, "GET %63s", client->path) != 1) return -1;
    client->open = 1;
    pair(client);
    return send_all(client->fd, (const unsigned char *)UPGRADED, sizeof UPGRADED - 1);
}

/* Returns -1 when the client is to be let go. */
static int readable(struct client *client) {
    memcpy(room, client->part, client->held);
    ssize_t got = recv(client->fd, room + client->held, ROOM - client->held, MSG_DONTWAIT);
    if (got <= 0) return -1;
    size_t size = client->held + (size_t)got, made = 0;
    client->held = 0;
    ssize_t used = 0;
    if (!client->open) {
        if (shake_hands(client, size) < 0) return -1;
        if (client->open) return 0;
    } else {
        used = translate(size, &made);
        if (used < 0) return -1;
        if (made && client->other && send_all(client->other->fd, room, made) < 0) return -1;
    }
    if ((size_t)used < size) {
        client->held = size - (size_t)used;
        client->part = realloc(client->part, client->held);
        memcpy(client->part, room + used, client->held);
    }
    return 0;
}

static void accept_one(int listener, int poll) {
    int fd = accept(listener, NULL, NULL), yes = 1;
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct client *client = calloc(1, sizeof *client);
    client->fd = fd;
    struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = client};
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &wanted);
}

int main(int count, char **words) {
    if (count != 2) return 2;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1, poll = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0) {
        perror("floor");
        return 1;
    }
    struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &wanted);
    for (;;) {
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int number = 0; number < ready; number++) {
            struct client *client = events[number].data.ptr;
            if (!client)
                accept_one(listener, poll);
            else if (readable(client) < 0)
                leave(client);
        }
    }
}
