/* channel.c -- packets.  The supervisor is trusted; what it says is checked all the same, so that a
 * mistake of ours ends here and not in a picture. */
#include "worker/decoder/channel.h"

#include "common/model/format.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

union packet {
    struct dec_head head;
    struct dec_start start;
    struct dec_hand hand;
    struct dec_task task;
    struct dec_memory memory;
};

void dec_channel_init(struct dec_channel *channel, int sock)
{
    channel->sock = sock;
    for (size_t i = 0; i < DEC_SLOTS; i++)
        channel->slots[i] = (struct dec_slot){.fd = -1};
}

static struct dec_head head_of(enum dec_kind kind, size_t size, uint32_t sequence)
{
    return (struct dec_head){DEC_MAGIC, DEC_VERSION, (uint16_t)kind, (uint32_t)size, sequence};
}

static bool packet_send(int sock, const void *data, size_t len)
{
    ssize_t n;

    do
        n = send(sock, data, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)len;
}

/* One packet and the descriptor with it, -1 where there is none. 0: the other end is closed. */
static ssize_t packet_receive(int sock, void *data, size_t size, int *ret_fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {data, size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    const struct cmsghdr *head;
    ssize_t n;

    *ret_fd = -1;
    do
        n = recvmsg(sock, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    head = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (head && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(ret_fd, CMSG_DATA(head), sizeof(int));
    return message.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -1 : n;
}

static bool slot_set(struct dec_channel *channel, const struct dec_hand *hand, int fd)
{
    struct dec_slot *slot;
    void *map = NULL;

    if (hand->slot >= DEC_SLOTS || fd < 0)
        return false;
    slot = &channel->slots[hand->slot];
    if (slot->map)
        munmap((void *)(uintptr_t)slot->map, slot->size);
    if (slot->fd >= 0)
        close(slot->fd);
    *slot = (struct dec_slot){.fd = fd, .size = hand->size};
    if (hand->slot >= DEC_SLOT_OUTPUTS)
        return true;
    map = mmap(NULL, slot->size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return false;
    slot->map = map;
    return true;
}

static bool text_receive(struct dec_channel *channel, uint64_t len, struct mr_buf *text)
{
    char piece[DEC_TEXT_PIECE];
    int fd;

    mr_buf_reset(text);
    if (len > DEC_TEXT_MAX)
        return false;
    while (text->len < len) {
        ssize_t n = packet_receive(channel->sock, piece, sizeof(piece), &fd);
        if (n <= 0 || fd >= 0 || mr_buf_add(text, piece, (size_t)n))
            return false;
    }
    return text->len == len;
}

static bool task_sound(const struct dec_channel *channel, const struct dec_task *task)
{
    if (task->source_count < 1 || task->source_count > MR_RECIPE_SOURCES_MAX)
        return false;
    for (size_t i = 0; i < task->source_count; i++)
        if (!channel->slots[i].map || task->source_len[i] > channel->slots[i].size ||
            task->source_format[i] == MR_FORMAT_AUTO || task->source_format[i] >= MR_FORMAT_COUNT)
            return false;
    return true;
}

bool dec_channel_task(struct dec_channel *channel, struct dec_task *ret, struct mr_buf *ret_text)
{
    union packet packet;
    int fd;

    for (;;) {
        ssize_t n = packet_receive(channel->sock, &packet, sizeof(packet), &fd);
        if (n < (ssize_t)sizeof(packet.head) || packet.head.magic != DEC_MAGIC ||
            packet.head.version != DEC_VERSION || packet.head.size != (size_t)n)
            return false;
        if (packet.head.kind == DEC_HAND && n == (ssize_t)sizeof(packet.hand)) {
            if (!slot_set(channel, &packet.hand, fd))
                return false;
            continue;
        }
        if (packet.head.kind != DEC_TASK || n != (ssize_t)sizeof(packet.task) || fd >= 0)
            return false;
        *ret = packet.task;
        return task_sound(channel, ret) && text_receive(channel, ret->text_len, ret_text);
    }
}

bool dec_channel_start(struct dec_channel *channel, struct dec_start *ret)
{
    union packet packet;
    int fd;
    ssize_t n = packet_receive(channel->sock, &packet, sizeof(packet), &fd);

    if (n != (ssize_t)sizeof(packet.start) || fd >= 0 ||
        memcmp(&packet.head, &(struct dec_head){DEC_MAGIC, DEC_VERSION, DEC_START, sizeof(*ret), 0},
               sizeof(packet.head)) != 0)
        return false;
    *ret = packet.start;
    return true;
}

bool dec_channel_hello(struct dec_channel *channel, const struct sb_report *report)
{
    struct dec_hello hello = {.head = head_of(DEC_HELLO, sizeof(hello), 0), .report = *report};

    return packet_send(channel->sock, &hello, sizeof(hello));
}

bool dec_channel_ask(struct dec_channel *channel, uint32_t sequence, uint64_t bytes)
{
    const struct dec_memory need = {head_of(DEC_NEED, sizeof(need), sequence), bytes};
    union packet packet;
    int fd;

    if (!packet_send(channel->sock, &need, sizeof(need)))
        return false;
    return packet_receive(channel->sock, &packet, sizeof(packet), &fd) ==
               (ssize_t)sizeof(packet.memory) &&
           packet.head.magic == DEC_MAGIC && packet.head.version == DEC_VERSION &&
           packet.head.kind == DEC_GRANT && fd < 0 && packet.memory.bytes > 0;
}

bool dec_channel_reply(struct dec_channel *channel, struct dec_reply *reply,
                       const struct mr_buf *text)
{
    reply->head = head_of(DEC_REPLY, sizeof(*reply), reply->head.sequence);
    reply->text_len = text->len;
    if (!packet_send(channel->sock, reply, sizeof(*reply)))
        return false;
    for (size_t at = 0; at < text->len; at += DEC_TEXT_PIECE) {
        size_t left = text->len - at;
        if (!packet_send(channel->sock, text->data + at,
                         left < DEC_TEXT_PIECE ? left : DEC_TEXT_PIECE))
            return false;
    }
    return true;
}
