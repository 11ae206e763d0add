// One schedule: its editor, the expression in words, the calendar of due times,
// pause, run now, backfill, and what was missed.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, del, get, patch, post } from "../api";
import { explainCron } from "../cron";
import { ago, fromZone, inZone, time, zoneKnown } from "../format";
import { base, block, go } from "../router";
import { can, session } from "../session";
import { t, word } from "../text";
import type { Inst, Notify, Page, ParamDecl, Sched, Tpl } from "../types";
import { Calendar } from "../ui/calendar";
import { Diff } from "../ui/diff";
import { emptyValue, missing, ParamForm, paramsOf, valueOf, type Values } from "../ui/params";
import { Button, Card, Confirm, Dialog, ErrorBox, errorText, Header, Input, Link, Notice, Select, Skeleton, State, Text, toast } from "../ui/ui";
import { useDebounced, useLoad, useNow } from "../use";
import { declsOf } from "./run";
import { RunTable } from "./runs";
import { pause, runNow } from "./scheds";
import { oneTpl } from "./tpl";
import { Destinations, formatOptions, NotifyForm } from "./tpl-file";

export interface DueRun { due: string; dueLocal?: string; windowStart?: string; windowEnd?: string }

interface Draft { name: string; etplId: string; cron: string; zone: string; format: string; missed: string; overlap: string; jitter: string; startAt: string; endAt: string; deliverTo: Sched["deliverTo"]; notify: Notify; pauseAfter: string }

const local = (at: string | undefined, zone: string) => {
  if (!at) return "";
  const p = inZone(at, zone);
  return `${p.date}T${p.time}`;
};

function draftOf(s: Sched | undefined, tpl: number): Draft {
  const zone = s?.zone || session().zone;
  return {
    name: s?.eschedName ?? "", etplId: String(s?.etplId ?? (tpl || "")), cron: s?.cron ?? "30 2 * * *", zone, format: s?.etplOutputFormat ?? "FMT_DEFAULT", missed: s?.missed ?? "MISSED_LATEST", overlap: s?.overlap ?? "OVERLAP_ALLOW",
    jitter: s?.jitterSec ? String(s.jitterSec) : "", startAt: local(s?.startAt, zone), endAt: local(s?.endAt, zone), deliverTo: s?.deliverTo ?? [], notify: s?.notify ?? {}, pauseAfter: s?.pauseAfterFailures ? String(s.pauseAfterFailures) : "",
  };
}

const zones = (): string[] => (Intl as unknown as { supportedValuesOf?: (k: string) => string[] }).supportedValuesOf?.("timeZone") ?? ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York"];
const examples = ["0 * * * *", "30 2 * * *", "0 6 * * MON-FRI", "0 6 L * *", "*/15 9-17 * * *"];

export function SchedPage({ id = "", tpl = 0 }: { id?: string; tpl?: number }) {
  const stored = useLoad(async (signal) => {
    if (!id) return undefined;
    const s = (await get<Page<Sched>>("/v1/sched", { eschedId: id, withDeleted: true }, signal)).data?.[0];
    if (!s) throw new ApiError("5", t("sched.notFound", { id }), 404);
    return s;
  }, [id]);
  const [start, setStart] = useState<{ sched?: Sched }>();
  useEffect(() => {
    if (!start && !stored.loading && !stored.error) setStart({ sched: stored.data });
  }, [stored.loading]);
  if (!start) return stored.error ? <ErrorBox error={stored.error} retry={stored.reload} /> : <Skeleton rows={8} />;
  return <Editor first={start.sched} tpl={tpl} />;
}

function Editor({ first, tpl }: { first?: Sched; tpl: number }) {
  const canSave = can("run");
  const [sched, setSched] = useState(first);
  const [draft, setDraft] = useState<Draft>(() => draftOf(first, tpl));
  const [values, setValues] = useState<Values>(() => Object.fromEntries((first?.params ?? []).map((p) => [p.name, valueOf(p)])));
  const state = JSON.stringify({ draft, values });
  const [saved, setSaved] = useState(state);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [tried, setTried] = useState(false);
  const [conflict, setConflict] = useState<Sched>();
  const [backfill, setBackfill] = useState(false);
  const [gone, setGone] = useState(false);
  const dirty = state !== saved;
  const leaving = useRef(false);
  useEffect(() => {
    block(dirty ? () => leaving.current || confirm(t("leave.ask")) : undefined);
    return () => block(undefined);
  }, [dirty]);
  const set = (part: Partial<Draft>) => setDraft((d) => ({ ...d, ...part }));

  const tpls = useLoad((signal) => get<Page<Tpl>>("/v1/tpl", { pageSize: 500 }, signal), []);
  const decls = useLoad(async (signal): Promise<ParamDecl[]> => {
    if (!Number(draft.etplId)) return [];
    const data = await oneTpl(Number(draft.etplId), signal);
    return canSave ? declsOf(data.etplId, data.etplParams ?? [], signal) : (data.etplParams ?? []);
  }, [draft.etplId]);
  const list = decls.data ?? [];
  const all = Object.fromEntries(list.map((d) => [d.name, values[d.name] ?? emptyValue(d)]));

  const body = () => ({
    eschedName: draft.name, etplId: Number(draft.etplId) || 0, cron: draft.cron, zone: draft.zone, etplOutputFormat: draft.format, missed: draft.missed, overlap: draft.overlap, jitterSec: Number(draft.jitter) || 0,
    startAt: draft.startAt && fromZone(draft.startAt, draft.zone), endAt: draft.endAt && fromZone(draft.endAt, draft.zone), deliverTo: draft.deliverTo, notify: draft.notify, pauseAfterFailures: Number(draft.pauseAfter) || 0, params: paramsOf(list, all),
  });
  const save = async (version = sched?.version) => {
    setTried(true);
    setError(undefined);
    if (missing(list, all).length) return;
    setBusy(true);
    try {
      const b = body();
      const res = sched
        ? await patch<{ data: Sched }>(`/v1/sched/${sched.eschedId}`, { ...b, params: { list: b.params }, deliverTo: { list: b.deliverTo }, version })
        : await post<{ data: Sched }>("/v1/sched", b);
      setSaved(state);
      setConflict(undefined);
      toast(t("tpl.saved", { name: res.data.eschedName }));
      leaving.current = true;
      block(undefined);
      setSched(res.data);
      if (!sched) go(`/schedules/${res.data.eschedId}`, true);
      leaving.current = false;
    } catch (err) {
      if (err instanceof ApiError && err.code === "10" && sched) setConflict((await get<Page<Sched>>("/v1/sched", { eschedId: sched.eschedId }).catch(() => undefined))?.data?.[0]);
      else setError(err);
    }
    setBusy(false);
  };
  const act = async (f: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    try {
      await f();
    } catch (err) {
      setError(err);
    }
    setBusy(false);
  };
  // What the schedule did is shown as it happens; what is typed stays.
  const fresh = useLoad((signal) => (sched ? get<Page<Sched>>("/v1/sched", { eschedId: sched.eschedId, withDeleted: true }, signal).then((r) => r.data?.[0]) : Promise.resolve(undefined)), [sched?.eschedId], 10_000);
  useEffect(() => {
    if (fresh.data && fresh.data.version === sched?.version) setSched(fresh.data);
  }, [fresh.data]);
  const status = sched?.status ?? "SCHED_ACTIVE";
  const tplOptions: [string, string][] = [["", t("sched.choose")], ...(tpls.data?.data ?? []).map((x): [string, string] => [String(x.etplId), x.etplName])];
  if (draft.etplId && !tplOptions.some(([v]) => v === draft.etplId)) tplOptions.push([draft.etplId, "#" + draft.etplId]);
  return (
    <>
      <Header title={sched ? <Text>{sched.eschedName}</Text> : t("sched.new")} back={["/schedules", t("nav.schedules")]}
        sub={sched && <><State value={status} /> <Link to={`/templates/${sched.etplId}`}>{t("run.template")}</Link> · <Link to={`/runs?schedule=${sched.eschedId}`}>{t("tpl.runs")}</Link></>}>
        {sched && canSave && status !== "SCHED_DELETED" && (
          <>
            <Button kind="quiet" icon="trash" label={t("sched.deleteOf", { name: sched.eschedName })} onClick={() => setGone(true)} />
            {status === "SCHED_PAUSED" ? <Button icon="runs" busy={busy} onClick={() => void act(async () => setSched(await pause(sched, false)))}>{t("sched.resume")}</Button> : status === "SCHED_ACTIVE" && <Button icon="pause" busy={busy} onClick={() => void act(async () => setSched(await pause(sched, true)))}>{t("sched.pause")}</Button>}
            <Button onClick={() => setBackfill(true)} icon="history">{t("sched.backfill")}</Button>
            <Button onClick={() => void act(() => runNow(sched))} icon="runs">{t("sched.runNow")}</Button>
          </>
        )}
        {canSave && <Button kind="primary" busy={busy} disabled={!dirty && !!sched} onClick={() => void save()}>{sched && !dirty ? t("action.saved") : t("action.save")}</Button>}
      </Header>
      <ErrorBox error={error} />
      {sched?.lastProblem && <Notice tone="warn"><strong>{t("sched.problem")}</strong><p class="break"><Text>{sched.lastProblem}</Text></p></Notice>}
      <div class="split">
        <div class="stack">
          <Card title={t("sched.what")}>
            <div class="form-row">
              <Input label={t("tpl.name")} value={draft.name} onInput={(name) => set({ name })} required />
              <Select label={t("run.template")} value={draft.etplId} options={tplOptions} onChange={(etplId) => set({ etplId })} />
              <Select label={t("col.format")} value={draft.format} options={[["FMT_DEFAULT", t("sched.formatDefault")], ...formatOptions()]} onChange={(format) => set({ format })} />
            </div>
            {decls.loading && !decls.data && <Skeleton rows={2} />}
            {list.length > 0 && <ParamForm decls={list} values={all} onChange={setValues} tried={tried} error={error ? errorText(error) : ""} />}
          </Card>
          <Card title={t("sched.when")}>
            <Words draft={draft} set={set} />
          </Card>
          <details class="card more-card">
            <summary>{t("sched.more")}</summary>
            <div class="card-body form-row">
              <Select label={t("sched.missed")} hint={t("sched.missedHint")} value={draft.missed} options={["MISSED_LATEST", "MISSED_SKIP", "MISSED_ALL"].map((v) => [v, word("missed", v)])} onChange={(missed) => set({ missed })} />
              <Select label={t("sched.overlap")} hint={t("sched.overlapHint")} value={draft.overlap} options={["OVERLAP_ALLOW", "OVERLAP_SKIP", "OVERLAP_QUEUE"].map((v) => [v, word("overlap", v)])} onChange={(overlap) => set({ overlap })} />
              <Input label={t("sched.jitter")} type="number" min="0" value={draft.jitter} placeholder="0" onInput={(jitter) => set({ jitter })} />
              <Input label={t("sched.pauseAfter")} type="number" min="0" value={draft.pauseAfter} placeholder={t("notify.never")} hint={sched?.failures ? t("sched.failures", { n: sched.failures }) : undefined} onInput={(pauseAfter) => set({ pauseAfter })} />
              <Input label={t("sched.startAt")} type="datetime-local" value={draft.startAt} onInput={(startAt) => set({ startAt })} />
              <Input label={t("sched.endAt")} type="datetime-local" value={draft.endAt} onInput={(endAt) => set({ endAt })} />
            </div>
            {(session().destinations.length > 0 || (draft.deliverTo ?? []).length > 0) && <div class="card-body"><Destinations list={draft.deliverTo ?? []} onChange={(deliverTo) => set({ deliverTo })} /></div>}
            {(session().destinations.length > 0 || (draft.notify.to ?? []).length > 0) && <div class="card-body"><NotifyForm value={draft.notify} onChange={(notify) => set({ notify })} /></div>}
          </details>
        </div>
        <Due draft={draft} />
      </div>
      {sched && <History sched={sched} />}
      {backfill && sched && <Backfill sched={sched} onClose={() => setBackfill(false)} />}
      {gone && sched && <Confirm danger title={t("sched.deleteTitle")} yes={t("action.delete")} onClose={() => setGone(false)} onYes={async () => { await del(`/v1/sched/${sched.eschedId}`); block(undefined); toast(t("tpl.deleted", { name: sched.eschedName })); go("/schedules"); }}><p>{t("sched.deleteText")}</p></Confirm>}
      {conflict && (
        <Dialog wide title={t("conflict.title")} onClose={() => setConflict(undefined)} actions={
          <>
            <Button onClick={() => setConflict(undefined)}>{t("conflict.goOn")}</Button>
            <Button kind="primary" busy={busy} onClick={() => { setSched(conflict); void save(conflict.version); }}>{t("conflict.mine")}</Button>
          </>
        }>
          <p>{t("conflict.text", { mine: String(sched?.version ?? 0), theirs: String(conflict.version ?? 0) })}</p>
          <Diff before={textOf(draftOf(conflict, 0))} after={textOf(draft)} />
        </Dialog>
      )}
    </>
  );
}

const textOf = (d: Draft) => Object.entries(d).map(([k, v]) => `${k}: ${typeof v === "string" ? v : JSON.stringify(v)}`).join("\n");

function Words({ draft, set }: { draft: Draft; set: (p: Partial<Draft>) => void }) {
  const words = explainCron(draft.cron);
  return (
    <div class="stack">
      <div class="form-row">
        <Input label={t("sched.cron")} mono value={draft.cron} onInput={(cron) => set({ cron })} hint={t("sched.cronHint")} />
        <Input label={t("sched.zone")} value={draft.zone} list={zones()} onInput={(zone) => set({ zone })} error={draft.zone && !zoneKnown(draft.zone) ? t("sched.zoneUnknown") : undefined} />
      </div>
      <p class="words" aria-live="polite" data-test="words">{words || t("sched.noWords")}</p>
      <div class="chips" role="group" aria-label={t("sched.examples")}>
        {examples.map((e) => <button key={e} type="button" class={"chip" + (e === draft.cron ? " on" : "")} onClick={() => set({ cron: e })}>{explainCron(e)}</button>)}
      </div>
    </div>
  );
}

function Due({ draft }: { draft: Draft }) {
  const key = useDebounced(JSON.stringify({ cron: draft.cron, zone: draft.zone, startAt: draft.startAt, endAt: draft.endAt }), 300);
  const wanted = useMemo(() => JSON.parse(key) as Pick<Draft, "cron" | "zone" | "startAt" | "endAt">, [key]);
  const known = !wanted.zone || zoneKnown(wanted.zone);
  const due = useLoad((signal) => post<{ data: { zone: string; runs?: DueRun[] } }>("/v1/sched:preview", {
    draft: { eschedName: "draft", cron: wanted.cron, zone: wanted.zone, startAt: wanted.startAt && known ? fromZone(wanted.startAt, wanted.zone) : "", endAt: wanted.endAt && known ? fromZone(wanted.endAt, wanted.zone) : "" }, count: 10,
  }, signal), [wanted]);
  const runs = due.data?.data.runs ?? [];
  const zone = due.data?.data.zone || draft.zone;
  return (
    <Card title={t("sched.due")} actions={<span class="muted small"><Text>{zone}</Text></span>}>
      <ErrorBox error={due.error} />
      {due.loading && !due.data && <Skeleton rows={4} />}
      {due.data && runs.length === 0 && <p class="muted">{t("sched.never")}</p>}
      {runs.length > 0 && known && <Calendar due={runs.map((r) => r.due)} zone={zone} />}
    </Card>
  );
}

function History({ sched }: { sched: Sched }) {
  const runs = useLoad((signal) => get<Page<Inst>>("/v1/inst", { eschedId: sched.eschedId, pageSize: 10 }, signal), [sched.eschedId], 3000);
  const missed = useLoad((signal) => missedOf(sched, signal), [sched.eschedId, sched.version, sched.lastDue]);
  const now = useNow();
  const zone = sched.zone || session().zone;
  const without = missed.data ?? [];
  return (
    <>
      {without.length > 0 && (
        <Card title={t("sched.missedTitle")} pad={false}>
          <div class="table-wrap flat"><table class="table">
            <thead><tr><th>{t("inst.due")}</th><th>{t("sched.why")}</th></tr></thead>
            <tbody>{without.map((due) => { const p = inZone(due, zone); return <tr key={due}><td class="nowrap">{p.date} {p.time}</td><td class="break"><Text>{sched.lastProblem && sched.lastDue && Date.parse(sched.lastDue) === Date.parse(due) ? sched.lastProblem : t("sched.whyEarlier")}</Text></td></tr>; })}</tbody>
          </table></div>
        </Card>
      )}
      <div class="between section"><h2>{t("sched.runs")}</h2><a href={`${base}/runs?schedule=${sched.eschedId}`}>{t("sched.allRuns")}</a></div>
      <ErrorBox error={runs.error} retry={runs.reload} />
      {(runs.data?.data ?? []).length > 0 ? <RunTable rows={runs.data!.data!} now={now} /> : runs.data && <p class="muted">{t("sched.noRuns")} {sched.lastDue && t("sched.lastDue", { at: time(sched.lastDue), ago: ago(sched.lastDue) })}</p>}
    </>
  );
}

const week = 7 * 86400_000;

// missedOf lists the due times of the last seven days that have no run, newest first.
async function missedOf(sched: Sched, signal: AbortSignal): Promise<string[]> {
  const now = Date.now();
  const from = new Date(Math.max(now - week, Date.parse(sched.created ?? "") || 0)).toISOString();
  const due = (await post<{ data: { runs?: DueRun[] } }>("/v1/sched:preview", { draft: { cron: sched.cron, zone: sched.zone, startAt: sched.startAt, endAt: sched.endAt }, from, count: 500 }, signal)).data.runs ?? [];
  // A due time after the last one that was processed may still get its run.
  const until = sched.status === "SCHED_PAUSED" ? now : Date.parse(sched.lastDue ?? "") || 0;
  const past = due.map((r) => r.due).filter((d) => Date.parse(d) <= until);
  if (past.length === 0) return [];
  const runs = await get<Page<Inst>>("/v1/inst", { eschedId: sched.eschedId, createdFrom: from, pageSize: 500 }, signal);
  const have = new Set((runs.data ?? []).map((i) => Date.parse(i.due ?? "")));
  return past.filter((d) => !have.has(Date.parse(d))).reverse().slice(0, 50);
}

// Backfill counts first, then creates.
function Backfill({ sched, onClose }: { sched: Sched; onClose: () => void }) {
  const zone = sched.zone || session().zone;
  const today = inZone(new Date(), zone).date;
  const week = inZone(new Date(Date.now() - 7 * 86400_000), zone).date;
  const [from, setFrom] = useState(week + "T00:00");
  const [to, setTo] = useState(today + "T00:00");
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  const range = useDebounced(JSON.stringify({ from: fromZone(from, zone), to: fromZone(to, zone) }), 300);
  const counted = useLoad((signal) => post<{ data?: { due: string; existed?: boolean }[]; count?: number }>(`/v1/sched/${sched.eschedId}:run`, { ...JSON.parse(range), countOnly: true }, signal), [range]);
  const n = Number(counted.data?.count ?? 0);
  const existing = (counted.data?.data ?? []).filter((r) => r.existed).length;
  return (
    <Dialog title={t("backfill.title")} onClose={onClose} actions={
      <>
        <Button onClick={onClose}>{t("action.back")}</Button>
        <Button kind="primary" busy={busy} disabled={counted.loading || n === 0} onClick={async () => {
          setBusy(true);
          setFailed(undefined);
          try {
            await post(`/v1/sched/${sched.eschedId}:run`, JSON.parse(range));
            toast(t("backfill.done", { n }));
            onClose();
            go(`/runs?schedule=${sched.eschedId}`);
          } catch (err) {
            setFailed(err);
          }
          setBusy(false);
        }}>{counted.loading ? t("backfill.counting") : t("backfill.start", { n })}</Button>
      </>
    }>
      <p class="muted">{t("backfill.text", { zone })}</p>
      <div class="form-row">
        <Input label={t("backfill.from")} type="datetime-local" value={from} onInput={setFrom} />
        <Input label={t("backfill.to")} type="datetime-local" value={to} onInput={setTo} />
      </div>
      <ErrorBox error={failed ?? counted.error} />
      {counted.data && !counted.error && <p class="words" aria-live="polite" data-test="count">{t("backfill.count", { n })}{existing > 0 && " " + t("backfill.existing", { n: existing })}</p>}
    </Dialog>
  );
}
