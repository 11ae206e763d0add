// The session of the person at the console. A token is only ever in the form where
// it is typed; the browser keeps an HttpOnly cookie that scripts cannot read.
import { useEffect, useState } from "preact/hooks";
import { call, get } from "./api";

// SignIn is the answer of /console/session.
interface SignIn {
  signIn: string[]; // "token", "oidc"; empty: nobody has to sign in
  signedIn: boolean;
  name: string;
  method: string;
  oidcLabel: string;
}
export interface FormatInfo {
  format: string;
  extension: string;
  options: string[];
}
export interface Builtin {
  name: string;
  type: string;
  value: string;
  scheduled: boolean;
}
// Service is the answer of /v1/session: what the caller may do, and what the
// service offers.
export interface Service {
  operatorId: number;
  name: string;
  scopes: string[];
  tokens: boolean;
  version: string;
  zone: string;
  formats: FormatInfo[];
  destinations: { name: string; kind: string }[];
  builtins: Builtin[];
  maxPreviewRows: number;
  maxBackfill: number;
}

let signIn: SignIn = { signIn: [], signedIn: false, name: "", method: "", oidcLabel: "" };
const nobody: Service = { operatorId: 0, name: "", scopes: [], tokens: true, version: "", zone: "", formats: [], destinations: [], builtins: [], maxPreviewRows: 200, maxBackfill: 100 };
let service: Service = nobody;
let expired = false;
const listeners = new Set<() => void>();
const changed = () => listeners.forEach((f) => f());
let waiting: (() => void)[] = [];

export const session = () => ({ ...signIn, ...service, name: signIn.name || service.name, expired });
export const can = (scope: "read" | "run" | "admin") => service.scopes.includes(scope) || service.scopes.includes("admin");

// loadSession asks who is signed in.
export async function loadSession() {
  signIn = await call<SignIn>("GET", "/console/session");
  await enter();
}

async function enter() {
  if (signIn.signedIn) {
    service = { ...nobody, ...(await get<{ data: Service }>("/v1/session")).data };
    expired = false;
    waiting.forEach((f) => f());
    waiting = [];
  }
  changed();
}

export async function signInWith(token: string) {
  signIn = await call<SignIn>("POST", "/console/session", { token: token.trim() });
  await enter();
}

export async function signOut() {
  await call("DELETE", "/console/session");
  service = nobody;
  signIn = { ...signIn, signedIn: false, name: "" };
  changed();
}

// requireSession waits until somebody has signed in again.
export function requireSession(): Promise<void> {
  return new Promise((done) => {
    waiting.push(done);
    if (!expired) {
      expired = true;
      changed();
    }
  });
}

export function useSession() {
  const [, render] = useState(0);
  useEffect(() => {
    const f = () => render((n) => n + 1);
    listeners.add(f);
    return () => void listeners.delete(f);
  }, []);
  return session();
}
