// A template as the form holds it, as requests carry it, and as text for a diff.
import type { DeliverTo, Notify, Options, ParamDecl, Tpl } from "./types";
import { word } from "./text";

export interface Draft {
  name: string;
  tag: string;
  source: string;
  sql: string;
  columns: string; // a declaration as in docs/columns.md
  format: string;
  params: ParamDecl[];
  options: Options;
  timeout: string;
  attempts: string;
  retention: string;
  rows: string;
  bytes: string;
  running: string;
  extra: string;
  deliverTo: DeliverTo[];
  notify: Notify;
}

const count = (n: string | number | undefined) => (Number(n ?? 0) ? String(n) : "");

export function draftOf(x?: Tpl): Draft {
  return {
    name: x?.etplName ?? "", tag: x?.etplTag ?? "", source: x?.etplSource ?? "", sql: x?.etplExpr ?? "", columns: x?.etplOutputColumns ?? "",
    format: !x?.etplOutputFormat || x.etplOutputFormat === "FMT_DEFAULT" ? "FMT_CSV" : x.etplOutputFormat,
    params: x?.etplParams ?? [], options: x?.etplOptions ?? {}, timeout: count(x?.etplTimeoutSec), attempts: count(x?.etplMaxAttempts), retention: count(x?.etplRetentionSec),
    rows: count(x?.etplLimits?.rows), bytes: count(x?.etplLimits?.bytes), running: count(x?.etplLimits?.running), extra: x?.etplExtraColumns ?? "EXTRA_DEFAULT", deliverTo: x?.etplDeliverTo ?? [], notify: x?.etplNotify ?? {},
  };
}

// number sends what was typed, so that the service names the field that is wrong.
const number = (s: string): number | string => (s.trim() === "" ? 0 : s.trim());

// createReq is a CreateTpl request. used names the parameters of the SQL, where the
// service has found them: a declaration that the SQL does not use is refused.
export function createReq(d: Draft, used?: Set<string>) {
  return {
    etplName: d.name, etplTag: d.tag, etplSource: d.source, etplExpr: d.sql, etplOutputColumns: d.columns, etplOutputFormat: d.format,
    etplParams: d.params.filter((p) => !used || used.has(p.name)),
    etplOptions: d.options, etplTimeoutSec: number(d.timeout), etplMaxAttempts: number(d.attempts), etplRetentionSec: number(d.retention),
    etplLimits: { rows: number(d.rows), bytes: number(d.bytes), running: number(d.running) }, etplExtraColumns: d.extra, etplDeliverTo: d.deliverTo, etplNotify: d.notify,
  };
}

export function updateReq(d: Draft, used: Set<string> | undefined, version: number) {
  const req = createReq(d, used);
  return { ...req, etplParams: { list: req.etplParams }, etplDeliverTo: { list: req.etplDeliverTo }, etplVersion: version };
}

// tplText writes a template as lines, so that two versions can be compared.
export function tplText(d: Draft): string {
  const lines = [`${word("diff", "name")}: ${d.name}`, `${word("diff", "tag")}: ${d.tag}`, `${word("diff", "source")}: ${d.source || "default"}`, `${word("diff", "format")}: ${word("format", d.format)}`, "", "SQL", ...d.sql.split("\n").map((l) => "  " + l)];
  if (d.columns) lines.push("", word("diff", "columns"), ...(d.columns.startsWith("[") ? d.columns : d.columns.split(/,\s*/).join("\n")).split("\n").map((l) => "  " + l));
  if (d.params.length) lines.push("", word("diff", "params"), ...d.params.map((p) => "  " + p.name + ": " + [word("type", p.type ?? "PARAM_STRING"), p.list && "list", p.optional && "optional", p.defaultValues?.length && "= " + p.defaultValues.join(", "), p.emptyList === "EMPTY_LIST_NONE" && "EMPTY_LIST_NONE", p.maxLength && `≤ ${p.maxLength}`].filter(Boolean).join(" ")));
  const options = Object.entries(d.options).filter(([, v]) => v && v !== "0");
  if (options.length) lines.push("", word("diff", "options"), ...options.map(([k, v]) => `  ${k}: ${v}`));
  const limits = { etplTimeoutSec: d.timeout, etplMaxAttempts: d.attempts, etplRetentionSec: d.retention, rows: d.rows, bytes: d.bytes, running: d.running, etplExtraColumns: d.extra === "EXTRA_DEFAULT" ? "" : d.extra };
  const set = Object.entries(limits).filter(([, v]) => v);
  if (set.length) lines.push("", word("diff", "limits"), ...set.map(([k, v]) => `  ${k}: ${v}`));
  if (d.deliverTo.length) lines.push("", word("diff", "deliverTo"), ...d.deliverTo.map((x) => "  " + [x.destination, x.path, x.recipients?.join(" "), x.subject].filter(Boolean).join(" · ")));
  const notify = [...(d.notify.to ?? []).map((x) => [x.destination, ...(x.recipients ?? [])].join(" · ")), d.notify.lateSec ? `lateSec: ${d.notify.lateSec}` : ""].filter(Boolean);
  if (notify.length) lines.push("", word("diff", "notify"), ...notify.map((x) => "  " + x));
  return lines.join("\n");
}
