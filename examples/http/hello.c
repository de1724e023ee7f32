/* "hello" to every request, in C without a library. A handle is a number, and a function writes its result where its last argument says: a byte that is 0
   if it worked, and the value behind it. wit-bindgen writes such declarations for a whole interface; these are the few that are used. */
typedef unsigned int u32;
typedef unsigned long long u64;

#define FROM(interface, name) __attribute__((import_module("wasi:" interface "@0.2.12"), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

struct result { u32 failed, value, more[6]; };

FROM("http/types", "[constructor]fields") u32 new_fields(void);
FROM("http/types", "[constructor]outgoing-response") u32 new_response(u32 headers);
FROM("http/types", "[method]outgoing-response.body") void response_body(u32 response, struct result *);
FROM("http/types", "[static]response-outparam.set") void respond(u32 outparam, u32 failed, u32 response, u32, u64, u32, u32, u32, u32);
FROM("http/types", "[method]outgoing-body.write") void body_write(u32 body, struct result *);
FROM("http/types", "[static]outgoing-body.finish") void body_finish(u32 body, u32 with_trailers, u32 trailers, struct result *);
FROM("http/types", "[resource-drop]incoming-request") void drop_request(u32 request);
FROM("io/streams", "[method]output-stream.blocking-write-and-flush") void stream_write(u32 stream, const char *data, u32 size, struct result *);
FROM("io/streams", "[resource-drop]output-stream") void drop_stream(u32 stream);

/* Memory for texts that come back: those of errors, which nobody reads here. */
EXPORT("cabi_realloc") void *cabi_realloc(void *old, u32 old_size, u32 align, u32 size)
{
    static u64 texts[1024];
    if (size > sizeof texts)
        __builtin_trap();
    return texts;
}

EXPORT("wasi:http/incoming-handler@0.2.12#handle") void handle(u32 request, u32 outparam)
{
    struct result result;
    u32 response = new_response(new_fields());
    response_body(response, &result);
    u32 body = result.value;
    respond(outparam, 0, response, 0, 0, 0, 0, 0, 0);
    body_write(body, &result);
    u32 stream = result.value;
    stream_write(stream, "hello\n", 6, &result);
    drop_stream(stream);
    body_finish(body, 0, 0, &result);
    drop_request(request);
}
