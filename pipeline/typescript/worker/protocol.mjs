// JSON-RPC 2.0 in the framing of the Language Server Protocol: `Content-Length: N`, an empty line, N bytes.

export class Refusal extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

// Answers in the order of the questions; a method may be asynchronous.
export function listen(input, output, methods) {
  let last = Promise.resolve();
  let buffer = Buffer.alloc(0);
  input.on("data", (chunk) => {
    buffer = buffer.length ? Buffer.concat([buffer, chunk]) : chunk;
    for (;;) {
      const head = buffer.indexOf("\r\n\r\n");
      if (head < 0) return;
      const length = Number(/content-length: *(\d+)/i.exec(buffer.toString("latin1", 0, head))?.[1]);
      if (buffer.length < head + 4 + length) return;
      const message = JSON.parse(buffer.toString("utf8", head + 4, head + 4 + length));
      buffer = buffer.subarray(head + 4 + length);
      last = last.then(() => answer(message));
    }
  });
  input.on("end", () => process.exit(0));

  async function answer({ id, method, params }) {
    const reply = { jsonrpc: "2.0", id };
    try {
      if (!Object.hasOwn(methods, method)) throw new Refusal("method", `unknown method ${method}`);
      reply.result = (await methods[method](params ?? {})) ?? null;
    } catch (error) {
      const kind = error instanceof Refusal ? error.kind : "crash";
      const detail = kind === "crash" ? (error?.stack ?? "") : "";
      reply.error = { code: -32000, message: String(error?.message ?? error), data: { kind, detail } };
    }
    const body = Buffer.from(JSON.stringify(reply), "utf8");
    output(`Content-Length: ${body.length}\r\n\r\n`);
    output(body);
  }
}
