// The template editor: SQL with its check, parameters, columns, file, limits,
// destinations and the preview.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, get, patch, post } from "../api";
import { block, go } from "../router";
import { can, session } from "../session";
import { t } from "../text";
import { createReq, draftOf, tplText, updateReq, type Draft } from "../tpl";
import type { Page, ParamDecl, Preview, ResultColumn, Tpl } from "../types";
import { Diff } from "../ui/diff";
import { Icon } from "../ui/icon";
import { Sql, type Problem } from "../ui/sql";
import { Button, Dialog, ErrorBox, errorText, Header, Input, Link, Notice, Select, Skeleton, Tabs, Text, toast } from "../ui/ui";
import { useDebounced, useLoad } from "../use";
import { ColumnPicker } from "./tpl-columns";
import { Destinations, FileOptions, Limits, NotifyForm } from "./tpl-file";
import { ParamDecls } from "./tpl-params";
import { PreviewPane } from "./tpl-preview";
import { lastRun } from "./run";
import { DeleteTpl } from "./tpls";

export interface SqlParam { name: string; builtin?: boolean; list?: boolean }
interface CheckReply { data: Preview & { resultColumns?: ResultColumn[] }; sqlParams?: SqlParam[] }

export const oneTpl = (id: number, signal?: AbortSignal) =>
  get<Page<Tpl>>("/v1/tpl", { etplId: id, withDeleted: true }, signal).then((res) => {
    const tpl = res.data?.[0];
    if (!tpl) throw new ApiError("5", t("tpl.notFound", { id: String(id) }), 404);
    return tpl;
  });

export function TplPage({ id = 0, copyOf = 0 }: { id?: number; copyOf?: number }) {
  const from = id || copyOf;
  const stored = useLoad((signal) => (from ? oneTpl(from, signal) : Promise.resolve(undefined)), [from]);
  // The form keeps what was typed: it starts once from the stored template.
  const [start, setStart] = useState<{ tpl?: Tpl }>();
  useEffect(() => {
    if (!start && !stored.loading && !stored.error) setStart({ tpl: stored.data });
  }, [stored.loading]);
  if (!start) return stored.error ? <ErrorBox error={stored.error} retry={stored.reload} /> : <Skeleton rows={8} />;
  return <Editor key={id} id={id} first={start.tpl} copy={!!copyOf} />;
}

type Tab = "preview" | "params" | "columns" | "file" | "limits" | "delivery";

// useCheck asks the service about the draft when typing stops.
function useCheck(draft: Draft, used: Set<string> | undefined, active: boolean) {
  const [state, setState] = useState<{ reply?: CheckReply; error?: unknown; busy: boolean }>({ busy: false });
  const body = useDebounced(JSON.stringify({ draft: { ...createReq(draft, used), etplName: draft.name || "draft" }, checkOnly: true }), 400);
  useEffect(() => {
    if (!active || !draft.sql.trim()) {
      setState({ busy: false });
      return;
    }
    const stop = new AbortController();
    setState((s) => ({ ...s, busy: true }));
    post<CheckReply>("/v1/tpl:preview", JSON.parse(body), stop.signal).then(
      (reply) => !stop.signal.aborted && setState({ reply, busy: false }),
      (error) => !stop.signal.aborted && setState((s) => ({ reply: s.reply, error, busy: false })),
    );
    return () => stop.abort();
  }, [body, active]);
  return state;
}

// problemOf finds the place of a refusal in the SQL.
function problemOf(error: unknown, sql: string): Problem | null {
  if (!(error instanceof ApiError)) return null;
  const at = error.detail.errAt as { field?: string; offset?: number; length?: number } | null | undefined;
  if (at && at.field === "etplExpr") return { from: at.offset ?? 0, to: (at.offset ?? 0) + Math.max(1, at.length ?? 1), message: error.message };
  const m = /\bsql (\d+):(\d+):/.exec(error.message);
  if (!m) return null;
  const lines = sql.split("\n");
  const from = lines.slice(0, Number(m[1]) - 1).reduce((n, l) => n + l.length + 1, 0) + Number(m[2]) - 1;
  return { from, to: from + 1, message: error.message };
}

function Editor({ id, first, copy }: { id: number; first?: Tpl; copy: boolean }) {
  const canSave = can("run");
  const initial = useMemo(() => {
    const d = draftOf(first);
    return copy ? { ...d, name: t("tpl.copyName", { name: d.name }).slice(0, 200) } : d;
  }, []);
  const [draft, setDraft] = useState<Draft>(initial);
  const [saved, setSaved] = useState<Draft>(copy ? draftOf() : initial);
  const [base, setBase] = useState<Tpl | undefined>(copy ? undefined : first);
  const [tab, setTab] = useState<Tab>("preview");
  const [saving, setSaving] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  const [conflict, setConflict] = useState<Tpl>();
  const [gone, setGone] = useState(false);
  const [epoch, setEpoch] = useState(0); // counts the texts that replaced what was typed
  const [run, setRun] = useState(0); // counts the previews that were asked for
  const set = (part: Partial<Draft>) => setDraft((d) => ({ ...d, ...part }));
  const dirty = JSON.stringify(draft) !== JSON.stringify(saved);
  const leaving = useRef(false);
  useEffect(() => {
    block(dirty ? () => leaving.current || confirm(t("leave.ask")) : undefined);
    return () => block(undefined);
  }, [dirty]);

  const [sqlParams, setSqlParams] = useState<SqlParam[]>();
  const used = useMemo(() => sqlParams && new Set(sqlParams.filter((p) => !p.builtin).map((p) => p.name)), [sqlParams]);
  const check = useCheck(draft, used, canSave);
  const found = check.error instanceof ApiError ? (check.error.detail.sqlParams as SqlParam[] | undefined) : check.reply?.sqlParams;
  useEffect(() => {
    if (found) setSqlParams((before) => (JSON.stringify(before) === JSON.stringify(found) ? before : found));
  }, [found]);
  const result = check.reply?.data.resultColumns ?? base?.etplResultColumns ?? [];
  const problem = problemOf(check.error, draft.sql);

  const rows: ParamDecl[] = useMemo(() => {
    const names = sqlParams ? sqlParams.filter((p) => !p.builtin) : draft.params.map((p) => ({ name: p.name, list: p.list }));
    return names.map((p) => draft.params.find((d) => d.name === p.name) ?? { name: p.name, list: p.list });
  }, [sqlParams, draft.params]);
  // A list parameter that nobody declared is declared as one.
  useEffect(() => {
    const lists = (sqlParams ?? []).filter((p) => !p.builtin && p.list && !draft.params.some((d) => d.name === p.name));
    if (lists.length) set({ params: [...draft.params, ...lists.map((p) => ({ name: p.name, type: "PARAM_STRING", list: true }))] });
  }, [sqlParams]);

  const save = async (version?: number) => {
    setSaving(true);
    setFailed(undefined);
    try {
      const res = base
        ? await patch<{ data: Tpl }>(`/v1/tpl/${base.etplId}`, updateReq(draft, used, version ?? base.etplVersion ?? 0))
        : await post<{ data: Tpl }>("/v1/tpl", createReq(draft, used));
      setSaved(draft);
      setConflict(undefined);
      toast(t("tpl.saved", { name: res.data.etplName }));
      leaving.current = true;
      block(undefined);
      if (base) setBase(res.data);
      else go(`/templates/${res.data.etplId}`, true);
      leaving.current = false;
    } catch (err) {
      if (err instanceof ApiError && err.code === "10" && base) setConflict(await oneTpl(base.etplId).catch(() => undefined));
      else setFailed(err);
    }
    setSaving(false);
  };
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if ((e.ctrlKey || e.metaKey) && e.key === "s") {
        e.preventDefault();
        if (canSave && !saving) void save();
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });

  // The preview starts with the values of the last run, as the run form does.
  const last = useLoad((signal) => (base && can("read") ? lastRun(base.etplId, "", signal).catch(() => undefined) : Promise.resolve(undefined)), []);
  const sources = useLoad((signal) => get<{ data?: { name: string; dialect: string }[] }>("/v1/source", {}, signal), []);
  const names = sources.data?.data?.map((s) => s.name) ?? [];
  // A new template starts with the only source, or with the first one.
  useEffect(() => {
    if (!first && !draft.source && names.length && !names.includes("default")) {
      set({ source: names[0]! });
      setSaved((s) => ({ ...s, source: names[0]! }));
    }
  }, [names.length]);
  const sourceOptions: [string, string][] = [...new Set([draft.source || "default", ...names])].map((n) => [n === "default" ? "" : n, n]);
  const deleted = base?.etplStatus === 9;
  const tabs: [Tab, string][] = [
    ["preview", t("tab.preview")], ["params", t("tab.params") + (rows.length ? ` (${rows.length})` : "")], ["columns", t("tab.columns")], ["file", t("tab.file")], ["limits", t("tab.limits")],
    ...(session().destinations.length || draft.deliverTo.length ? ([["delivery", t("tab.delivery")]] as [Tab, string][]) : []),
  ];
  return (
    <>
      <Header
        title={base ? <Text>{base.etplName}</Text> : copy ? t("tpl.copyTitle") : t("tpl.new")}
        back={["/templates", t("nav.templates")]}
        sub={base && <>{t("tpl.version", { n: String(base.etplVersion ?? 1) })} · <Link to={`/templates/${id}/versions`}>{t("tpl.versions")}</Link> · <Link to={`/runs?template=${id}`}>{t("tpl.runs")}</Link>{canSave && <> · <Link to={`/schedules/new?template=${id}`}>{t("tpl.schedule")}</Link></>}</>}
      >
        {base && canSave && <Button kind="quiet" icon="trash" label={t("tpl.deleteOf", { name: base.etplName })} onClick={() => setGone(true)} />}
        {base && canSave && <Link to={`/templates/new?copy=${id}`} kind="quiet" icon="copy" label={t("tpl.copyOf", { name: base.etplName })} />}
        {base && canSave && !dirty && <Link to={`/templates/${id}/run`} kind="plain" icon="runs">{t("action.run")}</Link>}
        {canSave && <Button kind="primary" busy={saving} disabled={!dirty && !!base} onClick={() => void save()}>{base && !dirty ? t("action.saved") : t("action.save")}</Button>}
      </Header>
      {deleted && <Notice tone="warn">{t("tpl.isDeleted")}</Notice>}
      <ErrorBox error={failed} title={failed ? t("tpl.notSaved") : undefined} />
      <div class="form-row">
        <Input label={t("tpl.name")} value={draft.name} onInput={(name) => set({ name })} required />
        <Input label={t("tpl.tag")} value={draft.tag} onInput={(tag) => set({ tag })} placeholder={t("tpl.tagHint")} />
        <Select label={t("col.source")} value={draft.source === "default" ? "" : draft.source} options={sourceOptions} onChange={(source) => set({ source })} />
      </div>
      <section class="card sql-card" aria-label={t("tpl.sql")}>
        <Sql key={epoch} value={draft.sql} onChange={(sql) => set({ sql })} source={draft.source} params={[...rows.map((r) => r.name), ...session().builtins.map((b) => b.name)]} problem={problem} onRun={() => { setTab("preview"); setRun((n) => n + 1); }} />
        {canSave && <CheckLine busy={check.busy} error={check.error} problem={problem} sql={draft.sql} columns={check.reply ? result.length : undefined} />}
      </section>
      <Tabs label={t("tpl.settings")} tabs={tabs} value={tab} onChange={setTab} />
      <div class="tab-body" role="tabpanel" aria-labelledby={"tab-" + tab}>
        {tab === "preview" && <PreviewPane draft={draft} used={used} decls={rows} last={last.data?.params} run={run} ready={!!draft.sql.trim() && canSave} />}
        {tab === "params" && <ParamDecls rows={rows} builtins={(sqlParams ?? []).filter((p) => p.builtin).map((p) => p.name)} onChange={(list) => set({ params: [...draft.params.filter((d) => !list.some((l) => l.name === d.name)), ...list] })} />}
        {tab === "columns" && <ColumnPicker value={draft.columns} result={result} onChange={(columns) => set({ columns })} extra={draft.extra} onExtra={(extra) => set({ extra })} />}
        {tab === "file" && <FileOptions format={draft.format} options={draft.options} onFormat={(format) => set({ format })} onChange={(options) => set({ options })} params={rows.map((r) => r.name)} />}
        {tab === "limits" && <Limits draft={draft} set={set} />}
        {tab === "delivery" && <div class="stack"><Destinations list={draft.deliverTo} onChange={(deliverTo) => set({ deliverTo })} /><NotifyForm value={draft.notify} onChange={(notify) => set({ notify })} /></div>}
      </div>
      {conflict && (
        <Dialog wide title={t("conflict.title")} onClose={() => setConflict(undefined)} actions={
          <>
            <Button onClick={() => setConflict(undefined)}>{t("conflict.goOn")}</Button>
            <Button onClick={() => { const d = draftOf(conflict); setDraft(d); setSaved(d); setBase(conflict); setConflict(undefined); setEpoch((n) => n + 1); }}>{t("conflict.theirs")}</Button>
            <Button kind="primary" busy={saving} onClick={() => void save(conflict.etplVersion)}>{t("conflict.mine")}</Button>
          </>
        }>
          <p>{t("conflict.text", { mine: String(base?.etplVersion ?? 0), theirs: String(conflict.etplVersion ?? 0) })}</p>
          <Diff before={tplText(draftOf(conflict))} after={tplText(draft)} />
        </Dialog>
      )}
      {gone && base && <DeleteTpl tpl={base} onClose={() => setGone(false)} onDone={() => { block(undefined); go("/templates"); }} />}
    </>
  );
}

function CheckLine({ busy, error, problem, sql, columns }: { busy: boolean; error: unknown; problem: Problem | null; sql: string; columns?: number }) {
  if (!sql.trim()) return <div class="check-line muted">{t("check.empty")}</div>;
  if (busy) return <div class="check-line muted"><span class="spin" aria-hidden="true" />{t("check.busy")}</div>;
  if (error) {
    const before = problem ? sql.slice(0, problem.from).split("\n") : [];
    return (
      <div class="check-line bad" role="status">
        <Icon name="warn" />
        <span class="break">{problem && <strong>{t("check.at", { line: String(before.length), column: String([...before[before.length - 1]!].length + 1) })} </strong>}<Text>{problem ? errorText(error).replace(/^etplExpr: sql \d+:\d+: /, "") : errorText(error)}</Text></span>
      </div>
    );
  }
  return <div class="check-line ok" role="status"><Icon name="check" />{columns !== undefined ? t("check.ok", { n: columns }) : t("check.okPlain")}</div>;
}

