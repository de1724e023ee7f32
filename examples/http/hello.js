import { Fields, OutgoingResponse, OutgoingBody, ResponseOutparam } from "wasi:http/types@0.2.12";
export const incomingHandler = {
  handle(request, responseOut) {
    const response = new OutgoingResponse(new Fields());
    const body = response.body();
    ResponseOutparam.set(responseOut, { tag: "ok", val: response });
    const stream = body.write();
    stream.blockingWriteAndFlush(new TextEncoder().encode("hello\n"));
    stream[Symbol.dispose]?.();
    OutgoingBody.finish(body, undefined);
  },
};
