/* A guest that uses the network: clients and servers of TCP and UDP, on the canonical ABI by hand. Handles and pointers are numbers; each function of
   WASI writes its result where its last argument says: a byte that is 0 for ok, then the payload at its alignment. */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define FROM(interface, name) __attribute__((import_module("wasi:" interface "@0.2.0"), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))
/* An ip-socket-address, flat: the case, and as many numbers as the longer of the two has. */
#define ADDRESS u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32

FROM("io/poll", "poll") void poll_list(u32 *list, u32 count, u32 *ret);
FROM("io/poll", "[method]pollable.block") void pollable_block(u32);
FROM("io/poll", "[resource-drop]pollable") void pollable_drop(u32);
FROM("io/error", "[resource-drop]error") void error_drop(u32);
FROM("io/streams", "[method]input-stream.read") void input_read(u32, u64, u32 *ret);
FROM("io/streams", "[method]input-stream.blocking-read") void input_blocking_read(u32, u64, u32 *ret);
FROM("io/streams", "[method]input-stream.subscribe") u32 input_subscribe(u32);
FROM("io/streams", "[resource-drop]input-stream") void input_drop(u32);
FROM("io/streams", "[method]output-stream.blocking-write-and-flush") void output_write(u32, u8 *data, u32 size, u32 *ret);
FROM("io/streams", "[resource-drop]output-stream") void output_drop(u32);
FROM("clocks/monotonic-clock", "subscribe-duration") u32 subscribe_duration(u64);
FROM("sockets/instance-network", "instance-network") u32 instance_network(void);
FROM("sockets/network", "[resource-drop]network") void network_drop(u32);
FROM("sockets/ip-name-lookup", "resolve-addresses") void resolve_addresses(u32, u8 *name, u32 size, u32 *ret);
FROM("sockets/ip-name-lookup", "[method]resolve-address-stream.resolve-next-address") void next_address(u32, u8 *ret);
FROM("sockets/ip-name-lookup", "[method]resolve-address-stream.subscribe") u32 names_subscribe(u32);
FROM("sockets/ip-name-lookup", "[resource-drop]resolve-address-stream") void names_drop(u32);
FROM("sockets/tcp-create-socket", "create-tcp-socket") void create_tcp(u32 family, u32 *ret);
FROM("sockets/tcp", "[method]tcp-socket.start-bind") void tcp_start_bind(u32, u32 network, ADDRESS, u32 *ret);
FROM("sockets/tcp", "[method]tcp-socket.finish-bind") void tcp_finish_bind(u32, u32 *ret);
FROM("sockets/tcp", "[method]tcp-socket.start-connect") void tcp_start_connect(u32, u32 network, ADDRESS, u32 *ret);
FROM("sockets/tcp", "[method]tcp-socket.finish-connect") void tcp_finish_connect(u32, u32 *ret);
FROM("sockets/tcp", "[method]tcp-socket.start-listen") void tcp_start_listen(u32, u32 *ret);
FROM("sockets/tcp", "[method]tcp-socket.finish-listen") void tcp_finish_listen(u32, u32 *ret);
FROM("sockets/tcp", "[method]tcp-socket.accept") void tcp_accept(u32, u32 *ret);
FROM("sockets/tcp", "[method]tcp-socket.local-address") void tcp_local_address(u32, u32 *ret);
FROM("sockets/tcp", "[method]tcp-socket.remote-address") void tcp_remote_address(u32, u32 *ret);
FROM("sockets/tcp", "[method]tcp-socket.set-keep-alive-idle-time") void tcp_set_idle_time(u32, u64, u32 *ret);
FROM("sockets/tcp", "[method]tcp-socket.keep-alive-idle-time") void tcp_idle_time(u32, u64 *ret);
FROM("sockets/tcp", "[method]tcp-socket.subscribe") u32 tcp_subscribe(u32);
FROM("sockets/tcp", "[method]tcp-socket.shutdown") void tcp_shutdown(u32, u32 how, u32 *ret);
FROM("sockets/tcp", "[resource-drop]tcp-socket") void tcp_drop(u32);
FROM("sockets/udp-create-socket", "create-udp-socket") void create_udp(u32 family, u32 *ret);
FROM("sockets/udp", "[method]udp-socket.start-bind") void udp_start_bind(u32, u32 network, ADDRESS, u32 *ret);
FROM("sockets/udp", "[method]udp-socket.finish-bind") void udp_finish_bind(u32, u32 *ret);
FROM("sockets/udp", "[method]udp-socket.stream") void udp_stream(u32, u32 some, ADDRESS, u32 *ret);
FROM("sockets/udp", "[resource-drop]udp-socket") void udp_drop(u32);
FROM("sockets/udp", "[method]incoming-datagram-stream.receive") void udp_receive(u32, u64 most, u32 *ret);
FROM("sockets/udp", "[method]incoming-datagram-stream.subscribe") u32 udp_subscribe(u32);
FROM("sockets/udp", "[resource-drop]incoming-datagram-stream") void incoming_drop(u32);
FROM("sockets/udp", "[method]outgoing-datagram-stream.check-send") void udp_check_send(u32, u64 *ret);
FROM("sockets/udp", "[method]outgoing-datagram-stream.send") void udp_send(u32, u32 *list, u32 count, u64 *ret);
FROM("sockets/udp", "[resource-drop]outgoing-datagram-stream") void outgoing_drop(u32);

#define LOCAL(port) 0, port, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0
#define ANY 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define CHUNK 4096
#define MOST 8

/* Memory for what is given and got: all of it is free again when an export is called. */
static u8 heap[24 << 20];
static u32 used;

EXPORT("cabi_realloc") void *cabi_realloc(void *old, u32 old_size, u32 align, u32 size)
{
    used = (used + align - 1) & -align;
    if (size > sizeof heap - used)
        __builtin_trap();
    u8 *made = heap + used;
    used += size;
    for (u32 at = 0; at < old_size && at < size; at++)
        made[at] = ((u8 *)old)[at];
    return made;
}

static u32 answer[4];
static u64 result[2];

static void *fail(u32 code)
{
    ((u8 *)answer)[0] = 1;
    ((u8 *)answer)[4] = (u8)code;
    return answer;
}

static void *bytes(u8 *data, u32 size)
{
    answer[0] = 0;
    answer[1] = (u32)data;
    answer[2] = size;
    return answer;
}

static void *number(u64 value)
{
    result[0] = 0;
    result[1] = value;
    return result;
}

static void *fail_number(u32 code)
{
    result[0] = 1;
    ((u8 *)result)[8] = (u8)code;
    return result;
}

static u8 first(void *ret) { return *(u8 *)ret; }
/* The error code where the payload has an alignment of 4, or where it has one of 1. */
static u8 code4(u32 *ret) { return *(u8 *)(ret + 1); }
static u8 code1(u32 *ret) { return ((u8 *)ret)[1]; }

static void wait_for(u32 pollable)
{
    pollable_block(pollable);
    pollable_drop(pollable);
}

static u32 closed_or(u32 *ret) /* of a stream-error at ret[1]: 0 if closed */
{
    if (code4(ret) == 1)
        return 0;
    error_drop(ret[2]);
    return 101;
}

/* All of it to a stream; 0 or an error. */
static u32 write_all(u32 output, u8 *data, u32 size)
{
    u32 ret[4];
    for (u32 at = 0; at < size; at += CHUNK) {
        output_write(output, data + at, size - at < CHUNK ? size - at : CHUNK, ret);
        if (first(ret)) {
            closed_or(ret);
            return 102;
        }
    }
    return 0;
}

/* All that comes of a stream, into memory at `data` with room for `room`. */
static u32 read_all(u32 input, u8 *data, u32 room, u32 *size)
{
    u32 ret[4], mark = used;
    for (*size = 0;;) {
        used = mark;
        input_blocking_read(input, 1 << 16, ret);
        if (first(ret))
            return closed_or(ret);
        if (ret[2] > room - *size)
            return 103;
        for (u32 at = 0; at < ret[2]; at++)
            data[*size + at] = ((u8 *)ret[1])[at];
        *size += ret[2];
    }
}

static u32 connect_to(u32 port, u32 *socket, u32 *streams)
{
    u32 ret[9], network = instance_network();
    u64 idle[2];
    create_tcp(0, ret);
    if (first(ret))
        return code4(ret);
    *socket = ret[1];
    tcp_set_idle_time(*socket, 5000000000ull, ret);
    tcp_idle_time(*socket, idle);
    if (first(idle) || idle[1] != 5000000000ull)
        return 104;
    tcp_start_connect(*socket, network, LOCAL(port), ret);
    network_drop(network);
    if (first(ret))
        return code1(ret);
    for (;;) {
        tcp_finish_connect(*socket, ret);
        if (!first(ret))
            break;
        if (code4(ret) != 8) /* would-block */
            return code4(ret);
        wait_for(tcp_subscribe(*socket));
    }
    streams[0] = ret[1];
    streams[1] = ret[2];
    tcp_remote_address(*socket, ret);
    if (first(ret) || ((u8 *)ret)[4] != 0 || (u16)ret[2] != port || ((u8 *)ret)[10] != 127 || ((u8 *)ret)[13] != 1)
        return 105;
    tcp_local_address(*socket, ret);
    return first(ret) ? 106 : 0;
}

EXPORT("tcp-client") void *tcp_client(u32 port, u8 *data, u32 size)
{
    u32 socket = 0, streams[2], ret[4], got = 0, wrong = connect_to(port, &socket, streams);
    if (wrong) {
        if (socket)
            tcp_drop(socket);
        return fail(wrong);
    }
    u8 *answered = cabi_realloc(0, 0, 1, size);
    wrong = write_all(streams[1], data, size);
    tcp_shutdown(socket, 1, ret);
    if (!wrong)
        wrong = read_all(streams[0], answered, size, &got);
    output_drop(streams[1]);
    input_drop(streams[0]);
    tcp_drop(socket);
    used = 0;
    return wrong ? fail(wrong) : bytes(answered, got);
}

/* An echo server: it serves so many connections, as many as MOST at a time, and tells how many bytes. */
EXPORT("tcp-server") void *tcp_server(u32 port, u32 connections)
{
    u32 ret[4], network = instance_network(), sockets[MOST], inputs[MOST], outputs[MOST], count = 0;
    u64 total = 0;
    create_tcp(0, ret);
    if (first(ret))
        return fail_number(code4(ret));
    u32 server = ret[1];
    tcp_start_bind(server, network, LOCAL(port), ret);
    network_drop(network);
    if (!first(ret))
        tcp_finish_bind(server, ret);
    if (!first(ret))
        tcp_start_listen(server, ret);
    if (!first(ret))
        tcp_finish_listen(server, ret);
    if (first(ret)) {
        tcp_drop(server);
        return fail_number(code1(ret));
    }
    while (connections || count) {
        u32 list[MOST + 1], waits = 0;
        for (; waits < count; waits++)
            list[waits] = input_subscribe(inputs[waits]);
        if (connections && count < MOST)
            list[waits++] = tcp_subscribe(server);
        used = 0;
        poll_list(list, waits, ret);
        for (u32 each = 0; each < waits; each++)
            pollable_drop(list[each]);
        if (connections && count < MOST) {
            tcp_accept(server, ret);
            if (!first(ret)) {
                sockets[count] = ret[1];
                inputs[count] = ret[2];
                outputs[count++] = ret[3];
                connections--;
            }
        }
        for (u32 each = 0; each < count; each++) {
            input_read(inputs[each], CHUNK, ret);
            u32 ended = first(ret);
            if (ended)
                closed_or(ret);
            else {
                total += ret[2];
                ended = ret[2] && write_all(outputs[each], (u8 *)ret[1], ret[2]);
            }
            if (ended) {
                output_drop(outputs[each]);
                input_drop(inputs[each]);
                tcp_drop(sockets[each]);
                count--;
                sockets[each] = sockets[count];
                inputs[each] = inputs[count];
                outputs[each--] = outputs[count];
            }
        }
    }
    tcp_drop(server);
    return number(total);
}

/* Socket and streams, bound to a port; with somebody to stream with, or without. */
static u32 udp_open(u32 any, u32 port, u32 peer, u32 *streams)
{
    u32 ret[4], network = instance_network();
    create_udp(0, ret);
    if (first(ret))
        return code4(ret);
    u32 socket = ret[1];
    if (any)
        udp_start_bind(socket, network, ANY, ret);
    else
        udp_start_bind(socket, network, LOCAL(port), ret);
    network_drop(network);
    if (!first(ret))
        udp_finish_bind(socket, ret);
    if (first(ret)) {
        udp_drop(socket);
        return code1(ret);
    }
    udp_stream(socket, peer != 0, LOCAL(peer), ret);
    udp_drop(socket);
    streams[0] = ret[1];
    streams[1] = ret[2];
    return first(ret) ? code4(ret) : 0;
}

/* An outgoing-datagram: data, and maybe the address as an incoming-datagram has it. */
static u32 send_one(u32 output, u8 *data, u32 size, u32 *to)
{
    u32 datagram[11] = {(u32)data, size, to != 0};
    u64 ret[2];
    for (u32 at = 0; to && at < 8; at++)
        datagram[3 + at] = to[at];
    udp_check_send(output, ret);
    if (first(ret))
        return ((u8 *)ret)[8];
    udp_send(output, datagram, 1, ret);
    return first(ret) ? ((u8 *)ret)[8] : ret[1] == 1 ? 0 : 107;
}

EXPORT("udp-client") void *udp_client(u32 port, u8 *data, u32 size)
{
    u32 streams[2], ret[4], wrong = udp_open(1, 0, port, streams);
    if (wrong)
        return fail(wrong);
    wrong = send_one(streams[1], data, size, 0);
    if (!wrong) {
        wait_for(udp_subscribe(streams[0]));
        udp_receive(streams[0], 1, ret);
        wrong = first(ret) ? code4(ret) : ret[2] != 1 ? 108 : 0;
    }
    incoming_drop(streams[0]);
    outgoing_drop(streams[1]);
    used = 0;
    u32 *datagram = (u32 *)ret[1];
    return wrong ? fail(wrong) : bytes((u8 *)datagram[0], datagram[1]);
}

/* An echo server, until nothing has come for so long; it tells how many datagrams. */
EXPORT("udp-server") void *udp_server(u32 port, u64 wait)
{
    u32 streams[2], ret[4], wrong = udp_open(0, port, 0, streams);
    u64 total = 0;
    if (wrong)
        return fail_number(wrong);
    for (;;) {
        u32 list[2] = {udp_subscribe(streams[0]), subscribe_duration(wait)};
        used = 0;
        poll_list(list, 2, ret);
        u32 timed_out = ret[1] == 1 && *(u32 *)ret[0] == 1;
        pollable_drop(list[0]);
        pollable_drop(list[1]);
        if (timed_out)
            break;
        udp_receive(streams[0], 16, ret);
        wrong = first(ret) ? code4(ret) : 0;
        u32 *datagram = (u32 *)ret[1]; /* 10 words: data, size, the address */
        for (u32 count = wrong ? 0 : ret[2]; count && !wrong; count--, datagram += 10, total++)
            wrong = send_one(streams[1], (u8 *)datagram[0], datagram[1], datagram + 2);
        if (wrong)
            break;
    }
    incoming_drop(streams[0]);
    outgoing_drop(streams[1]);
    return wrong ? fail_number(wrong) : number(total);
}

/* The first IPv4 address of a name, in four bytes; if it is this machine's, what somebody at that port says. */
EXPORT("name-client") void *name_client(u8 *name, u32 size, u32 port)
{
    u32 ret[4], network = instance_network();
    static u8 found[24];
    resolve_addresses(network, name, size, ret);
    network_drop(network);
    if (first(ret))
        return fail(code4(ret));
    u32 names = ret[1];
    /* result<option<ip-address>>: 0 ok, 2 some, 4 the case, 6 the address */
    for (;;) {
        next_address(names, found);
        if (found[0] && found[2] == 8) {
            wait_for(names_subscribe(names));
            continue;
        }
        if (found[0] || !found[2] || !found[4])
            break;
    }
    names_drop(names);
    used = 0;
    if (found[0])
        return fail(found[2]);
    if (!found[2])
        return fail(109);
    if (found[6] != 127)
        return bytes(found + 6, 4);
    u32 socket = 0, streams[2], got = 0, wrong = connect_to(port, &socket, streams);
    if (!wrong) {
        u8 *said = cabi_realloc(0, 0, 1, 1000);
        wrong = read_all(streams[0], said, 1000, &got);
        output_drop(streams[1]);
        input_drop(streams[0]);
        if (!wrong)
            bytes(said, got);
    }
    if (socket)
        tcp_drop(socket);
    used = 0;
    return wrong ? fail(wrong) : answer;
}
