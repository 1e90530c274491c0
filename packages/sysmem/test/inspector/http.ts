/** Requests in so many words: no client library sets Host or Origin as somebody hostile would. */
import { once } from "node:events";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly socketPath?: string;
}

/** Asks the inspector at `url`, or at a Unix socket. */
export async function ask(url: string, path: string, options: Ask = {}): Promise<Answer> {
  const { method = "GET", headers = {}, socketPath } = options;
  const { host, hostname, port } = new URL(url);
  const where = socketPath === undefined ? { host: hostname, port } : { socketPath };
  const sent = request({ ...where, path, method, headers: { Host: host, ...headers }, agent: false });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let body = "";
  for await (const part of response.setEncoding("utf8")) body += part as string;
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

/** Sends bytes as they are, and returns all that comes back until the other end closes. */
export async function say(url: string, bytes: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  let said = "";
  socket.setEncoding("latin1").on("data", (text: string) => (said += text));
  // Being reset is an end as well; `once` would take it for a failure.
  const closed = new Promise((resolve) => socket.on("error", () => {}).once("close", resolve));
  socket.write(bytes);
  await closed;
  return said;
}
