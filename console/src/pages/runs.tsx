// The list of runs with its filters, which are part of the address.
import { useEffect, useState } from "preact/hooks";
import { get } from "../api";
import { ago, duration, num, time } from "../format";
import { base, go, useLocation } from "../router";
import { can } from "../session";
import { t, word } from "../text";
import type { Inst, Page } from "../types";
import { Icon } from "../ui/icon";
import { Button, Empty, ErrorBox, Header, Input, More, Select, Skeleton, State, Text } from "../ui/ui";
import { useDebounced, useLoad, useNow } from "../use";

const states = ["STATE_QUEUED", "STATE_RUNNING", "STATE_RETRY_WAIT", "STATE_CANCELING", "STATE_SUCCEEDED", "STATE_FAILED", "STATE_TIMED_OUT", "STATE_CANCELED", "STATE_EXPIRED"];
const pageSize = 50;
const keys = ["state", "name", "error", "template", "schedule", "operator", "from", "to"] as const;
type Filter = Record<(typeof keys)[number], string>;

const instant = (local: string) => (local ? new Date(local).toISOString() : "");

export function requestOf(f: Filter) {
  return {
    states: f.state ? f.state.split(",") : [], etplName: f.name, errMsg: f.error, etplId: f.template, eschedId: f.schedule, operatorId: f.operator,
    createdFrom: instant(f.from), createdTo: instant(f.to), pageSize,
  };
}

export function Runs() {
  const { search } = useLocation();
  const filter = Object.fromEntries(keys.map((k) => [k, search.get(k) ?? ""])) as Filter;
  const [typed, setTyped] = useState(filter);
  const settled = useDebounced(typed, 300);
  useEffect(() => {
    const s = new URLSearchParams(Object.entries(settled).filter(([, v]) => v));
    const next = "/runs" + (s.size ? "?" + s : "");
    if (next !== "/runs" + location.search) go(next, true);
  }, [settled]);
  // A link within the page, such as one in a row, sets the filters too.
  useEffect(() => setTyped(filter), [search.toString()]);
  const [more, setMore] = useState(["error", "operator", "schedule", "template", "from", "to"].some((k) => filter[k as keyof Filter]));
  const [older, setOlder] = useState<Page<Inst>[]>([]);
  const [busy, setBusy] = useState(false);
  const list = useLoad((signal) => get<Page<Inst>>("/v1/inst", requestOf(settled), signal), [settled], 3000);
  useEffect(() => setOlder([]), [JSON.stringify(settled)]);
  const rows = unique([list.data, ...older].flatMap((p) => p?.data ?? []));
  const token = (older[older.length - 1] ?? list.data)?.nextPageToken;
  const set = (part: Partial<Filter>) => setTyped((f) => ({ ...f, ...part }));
  const active = keys.some((k) => settled[k]);
  const now = useNow(rows.some((r) => r.state === "STATE_RUNNING"));
  const loadMore = async () => {
    setBusy(true);
    const next = await get<Page<Inst>>("/v1/inst", { ...requestOf(settled), pageToken: token }).catch(() => undefined);
    if (next) setOlder((o) => [...o, next]);
    setBusy(false);
  };
  return (
    <>
      <Header title={t("nav.runs")} />
      <div class="filters">
        <div class="segments" role="group" aria-label={t("runs.state")}>
          {([["", t("runs.all")], ["STATE_QUEUED,STATE_RUNNING,STATE_RETRY_WAIT,STATE_CANCELING", t("runs.open")], ["STATE_SUCCEEDED", t("runs.done")], ["STATE_FAILED,STATE_TIMED_OUT", t("runs.failed")]] as [string, string][]).map(([v, text]) => (
            <button key={v} type="button" aria-pressed={typed.state === v} onClick={() => set({ state: v })}>{text}</button>
          ))}
        </div>
        <div class="searchbox">
          <Icon name="search" />
          <input type="search" aria-label={t("runs.name")} placeholder={t("runs.name")} value={typed.name} onInput={(e) => set({ name: e.currentTarget.value })} />
        </div>
        <Button kind="quiet" icon={more ? "up" : "down"} onClick={() => setMore(!more)}>{t("runs.more")}</Button>
        {active && <Button kind="quiet" icon="close" onClick={() => setTyped(Object.fromEntries(keys.map((k) => [k, ""])) as Filter)}>{t("runs.clear")}</Button>}
      </div>
      {more && (
        <div class="card filter-card">
          <Select label={t("runs.state")} value={typed.state} options={[["", t("runs.all")], ...states.map((s): [string, string] => [s, word("state", s)]), ...(typed.state.includes(",") ? [[typed.state, t("runs.several")] as [string, string]] : [])]} onChange={(state) => set({ state })} />
          <Input label={t("runs.error")} value={typed.error} onInput={(error) => set({ error })} />
          <Input label={t("runs.template")} type="number" min="0" value={typed.template} onInput={(template) => set({ template })} />
          <Input label={t("runs.schedule")} type="number" min="0" value={typed.schedule} onInput={(schedule) => set({ schedule })} />
          {can("admin") && <Input label={t("runs.operator")} type="number" min="0" value={typed.operator} onInput={(operator) => set({ operator })} />}
          <Input label={t("runs.from")} type="datetime-local" value={typed.from} onInput={(from) => set({ from })} />
          <Input label={t("runs.to")} type="datetime-local" value={typed.to} onInput={(to) => set({ to })} />
        </div>
      )}
      <ErrorBox error={list.error} retry={list.reload} />
      {!list.data && list.loading ? <Skeleton /> : rows.length === 0 && list.data ? (
        token ? <Empty icon="search" title={t("runs.noneYet")}>{t("runs.noneYetText")}</Empty> : active ? <Empty icon="search" title={t("runs.none")}>{t("runs.noneText")}</Empty> : <Empty icon="runs" title={t("runs.first")} action={<a class="btn primary" href={base + "/templates"}>{t("nav.templates")}</a>}>{t("runs.firstText")}</Empty>
      ) : rows.length > 0 && <RunTable rows={rows} now={now} />}
      <More token={token} busy={busy} onMore={loadMore} />
    </>
  );
}

function unique(rows: Inst[]): Inst[] {
  const seen = new Set<string>();
  return rows.filter((r) => !seen.has(r.einstId) && seen.add(r.einstId));
}

export function RunTable({ rows, now }: { rows: Inst[]; now: number }) {
  return (
    <div class="table-wrap">
      <table class="table cards">
        <thead>
          <tr><th>{t("col.run")}</th><th>{t("col.state")}</th><th class="num">{t("col.rows")}</th><th>{t("col.created")}</th><th class="num">{t("col.took")}</th><th>{t("col.by")}</th></tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.einstId}>
              <td class="main">
                <a href={`${base}/runs/${r.einstId}`}><Text>{r.etplName}</Text> <span class="muted">#{r.einstId}</span></a>
                <span class="chip">{word("format", r.etplOutputFormat)}</span>
                {r.errMsg && r.state !== "STATE_SUCCEEDED" && r.state !== "STATE_EXPIRED" && <div class="row-error"><Text>{r.errMsg}</Text></div>}
              </td>
              <td data-label={t("col.state")}><State value={r.state} /></td>
              <td class="num" data-label={t("col.rows")}>{r.started ? num(r.rowsDone) : "–"}</td>
              <td class="nowrap" data-label={t("col.created")} title={time(r.created)}>{ago(r.created)}</td>
              <td class="num" data-label={t("col.took")}>{r.started ? duration((r.finished ? Date.parse(r.finished) : now) - Date.parse(r.started)) : "–"}</td>
              <td data-label={t("col.by")}>{Number(r.eschedId ?? 0) ? <a href={`${base}/schedules/${r.eschedId}`}>{t("runs.bySchedule", { id: r.eschedId! })}</a> : r.operatorId ? t("who.operator", { n: String(r.operatorId) }) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
