// Calls of the public HTTP API. Every error is an ApiError with the code and the
// message of the service; a call that cannot reach the service reports the lost
// connection and fails with the code "offline".
import { root } from "./router";
import { requireSession } from "./session";

export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    readonly detail: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

type Query = Record<string, string | number | boolean | string[] | undefined>;

export function query(path: string, q: Query = {}): string {
  const s = new URLSearchParams();
  for (const [k, v] of Object.entries(q)) {
    if (Array.isArray(v)) v.forEach((x) => s.append(k, x));
    else if (v !== undefined && v !== "" && v !== 0 && v !== false) s.set(k, String(v));
  }
  const text = s.toString();
  return text ? path + "?" + text : path;
}

// call sends a request and returns the answer. Where the session has expired it
// asks for a sign-in, which keeps the page and what was typed, and repeats the
// request: a request that was refused with 401 has changed nothing.
export async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  for (let tries = 0; ; tries++) {
    const res = await send(method, path, body, signal);
    if (res.status === 401 && tries < 3 && path.startsWith("/v1/")) {
      await requireSession();
      continue;
    }
    const text = await res.text().catch(() => "");
    let reply: Record<string, unknown> = {};
    try {
      reply = text ? JSON.parse(text) : {};
    } catch {
      if (res.ok) throw new ApiError("13", "", res.status);
    }
    if (!res.ok || reply.errCode) {
      throw new ApiError(String(reply.errCode ?? ""), String(reply.errMsg ?? ""), res.status, reply);
    }
    return reply as T;
  }
}

async function send(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") {
    // A form of another site cannot set a header.
    headers["X-Requested-With"] = "exportd-console";
    if (body !== undefined) headers["Content-Type"] = "application/json";
  }
  let res: Response;
  try {
    res = await fetch(root + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal, credentials: "same-origin" });
  } catch (err) {
    if (signal?.aborted) throw err;
    connection.lose();
    throw new ApiError("offline", "", 0);
  }
  // A proxy answers for a service that is down.
  if (res.status === 502 || res.status === 503 || res.status === 504) connection.lose();
  return res;
}

export const get = <T>(path: string, q?: Query, signal?: AbortSignal) => call<T>("GET", query(path, q), undefined, signal);
export const post = <T>(path: string, body: unknown = {}, signal?: AbortSignal) => call<T>("POST", path, body, signal);
export const patch = <T>(path: string, body: unknown) => call<T>("PATCH", path, body);
export const del = <T>(path: string) => call<T>("DELETE", path);

// connection knows whether the service answers. While it does not, it asks once a
// second, and reports when the service is back.
type Listener = (lost: boolean) => void;
class Connection {
  lost = false;
  private listeners = new Set<Listener>();

  subscribe(f: Listener): () => void {
    this.listeners.add(f);
    return () => this.listeners.delete(f);
  }

  lose() {
    if (this.lost) return;
    this.set(true);
    void this.wait();
  }

  private set(lost: boolean) {
    this.lost = lost;
    this.listeners.forEach((f) => f(lost));
  }

  private async wait() {
    for (;;) {
      await new Promise((done) => setTimeout(done, 1000));
      try {
        const res = await fetch(root + "/readyz", { cache: "no-store", signal: AbortSignal.timeout(3000) });
        if (res.ok) break;
      } catch {
        // still lost
      }
    }
    this.set(false);
  }
}
export const connection = new Connection();
