// One run: its progress, files, timeline, content and deliveries.
import { useState } from "preact/hooks";
import { get, post } from "../api";
import { ago, duration, num, size, time, visible } from "../format";
import { base, go, root } from "../router";
import { can } from "../session";
import { t, word } from "../text";
import type { Delivery, File, Inst, InstEvent, Page } from "../types";
import { Icon } from "../ui/icon";
import { Button, Card, Confirm, CopyButton, ErrorBox, Header, Link, Notice, Skeleton, State, Text, toast } from "../ui/ui";
import { useLoad, useNow } from "../use";
import { ended, rateOf, useWatch } from "../watch";
import { newRequestId } from "./run";

export const fileUrl = (id: string, name: string) => `${root}/v1/inst/${id}/file?name=${encodeURIComponent(name)}`;

export function InstPage({ id }: { id: string }) {
  const { inst, error, samples, reload } = useWatch(id);
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  if (!inst) return error ? <><Header title={t("inst.title", { id })} back={["/runs", t("nav.runs")]} /><ErrorBox error={error} retry={reload} /></> : <Skeleton rows={8} />;
  const open = !ended(inst.state);
  const retry = async () => {
    setBusy(true);
    setFailed(undefined);
    try {
      const res = await post<{ data: Inst }>(`/v1/inst/${id}:retry`, { requestId: newRequestId() });
      if (res.data.einstId === id) reload();
      else go(`/runs/${res.data.einstId}`);
    } catch (err) {
      setFailed(err);
    }
    setBusy(false);
  };
  return (
    <>
      <Header title={<><Text>{inst.etplName}</Text> <span class="muted">#{id}</span></>} back={["/runs", t("nav.runs")]}
        sub={<><State value={inst.state} /> <Link to={`/templates/${inst.etplId}`}>{t("inst.template", { n: String(inst.etplVersion) })}</Link>{Number(inst.retryOf ?? 0) > 0 && <> · <Link to={`/runs/${inst.retryOf}`}>{t("inst.retryOf", { id: inst.retryOf! })}</Link></>}{Number(inst.eschedId ?? 0) > 0 && <> · <Link to={`/schedules/${inst.eschedId}`}>{t("runs.bySchedule", { id: inst.eschedId! })}</Link></>}</>}>
        {can("run") && open && inst.state !== "STATE_CANCELING" && <Button kind="danger" icon="stop" onClick={() => setAsked(true)}>{t("inst.cancel")}</Button>}
        {can("run") && ["STATE_FAILED", "STATE_CANCELED", "STATE_TIMED_OUT", "STATE_RETRY_WAIT"].includes(inst.state) && <Button kind="primary" icon="retry" busy={busy} onClick={() => void retry()}>{inst.state === "STATE_RETRY_WAIT" ? t("inst.retryNow") : t("inst.retry")}</Button>}
        {can("run") && !open && <Link kind="plain" icon="runs" to={`/templates/${inst.etplId}/run?from=${id}`}>{t("inst.runAgain")}</Link>}
      </Header>
      <ErrorBox error={failed} />
      {open && <Progress inst={inst} samples={samples} />}
      {inst.errMsg && !["STATE_SUCCEEDED", "STATE_EXPIRED"].includes(inst.state) && (
        <div class="notice bad" role="alert">
          <Icon name="warn" />
          <div><strong>{word("cause", inst.errCode) || t("inst.failed")}</strong><p class="break">{visible(inst.errMsg)}</p>{inst.willRetry && <p>{t("inst.willRetry", { at: time(inst.nextAttempt) })}</p>}</div>
        </div>
      )}
      {inst.state === "STATE_EXPIRED" && <Notice tone="info">{t("inst.expired")}</Notice>}
      {(inst.files ?? []).map((f) => <FileCard key={f.name} id={id} file={f} expires={inst.expires} />)}
      {(inst.warnings ?? []).map((w) => <Notice key={w.code} tone="warn"><Text>{w.text}</Text></Notice>)}
      <div class="split">
        <div class="stack">
          <Content inst={inst} />
          {(inst.deliveries ?? []).length > 0 && <Card title={t("nav.deliveries")} pad={false}><DeliveryTable rows={inst.deliveries!} onChange={reload} /></Card>}
        </div>
        <div class="stack">
          <Timeline id={id} state={inst.state + inst.attempt} />
          <Card title={t("inst.facts")}>
            <dl class="facts">
              <dt>{t("col.created")}</dt><dd>{time(inst.created)}</dd>
              <dt>{t("inst.started")}</dt><dd>{time(inst.started)}</dd>
              <dt>{t("inst.finished")}</dt><dd>{time(inst.finished)}</dd>
              {inst.started && inst.finished && <><dt>{t("col.took")}</dt><dd>{duration(Date.parse(inst.finished) - Date.parse(inst.started))}</dd></>}
              <dt>{t("inst.attempt")}</dt><dd>{inst.attempt ?? 0} / {inst.maxAttempts ?? 0}</dd>
              <dt>{t("inst.worker")}</dt><dd class="break"><Text>{inst.worker || "–"}</Text></dd>
              <dt>{t("runs.operator")}</dt><dd>{inst.operatorId ?? 0}</dd>
              <dt>{t("col.source")}</dt><dd><Text>{inst.etplSource || "default"}</Text></dd>
              {inst.windowStart && <><dt>{t("inst.window")}</dt><dd>{time(inst.windowStart)} – {time(inst.windowEnd)}</dd></>}
              {inst.due && <><dt>{t("inst.due")}</dt><dd>{time(inst.due)}</dd></>}
            </dl>
          </Card>
        </div>
      </div>
      {asked && (
        <Confirm danger title={t("inst.cancelTitle")} yes={t("inst.cancel")} onClose={() => setAsked(false)} onYes={async () => {
          await post(`/v1/inst/${id}:cancel`, { reason: "" });
          reload();
        }}><p>{t("inst.cancelText")}</p></Confirm>
      )}
    </>
  );
}

function Progress({ inst, samples }: { inst: Inst; samples: { at: number; rows: number; attempt: number }[] }) {
  const now = useNow();
  // How many rows there will be is known from the last run of the template.
  const before = useLoad(async (signal) => (await get<Page<Inst>>("/v1/inst", { etplId: inst.etplId, states: ["STATE_SUCCEEDED"], pageSize: 1 }, signal)).data?.[0], [inst.etplId]);
  const total = Number(before.data?.rowsDone ?? 0);
  const done = Number(inst.rowsDone ?? 0);
  const rate = rateOf(samples, now);
  const part = total > 0 ? Math.min(0.99, done / total) : undefined;
  const left = rate && rate > 0 && total > done ? ((total - done) / rate) * 1000 : undefined;
  const running = inst.state === "STATE_RUNNING";
  return (
    <section class="card progress" aria-label={t("inst.progress")}>
      <div class={"bar" + (part === undefined || !running ? " unknown" : "")} role="progressbar" aria-label={t("inst.progress")} aria-valuemin={0} aria-valuemax={100} aria-valuenow={part === undefined ? undefined : Math.round(part * 100)}>
        <div style={{ width: part === undefined || !running ? "30%" : `${Math.max(1, part * 100)}%` }} />
      </div>
      <div class="counters" aria-live="off">
        <div><strong>{num(done)}</strong><span>{t("inst.rows")}</span></div>
        <div><strong>{rate === undefined ? "–" : num(Math.round(rate))}</strong><span>{t("inst.rate")}</span></div>
        <div><strong>{size(inst.bytesDone)}</strong><span>{t("inst.bytes")}</span></div>
        <div><strong>{inst.started ? duration(now - Date.parse(inst.started)) : "–"}</strong><span>{t("inst.elapsed")}</span></div>
        <div><strong>{left === undefined ? "–" : t("inst.about", { time: duration(left) })}</strong><span>{t("inst.left")}</span></div>
      </div>
      <p class="hint">{inst.state === "STATE_QUEUED" ? t("inst.queuedText") : inst.state === "STATE_CANCELING" ? t("inst.cancelingText") : t("run.closeHint")}</p>
    </section>
  );
}

function FileCard({ id, file, expires }: { id: string; file: File; expires?: string }) {
  return (
    <section class="card file" aria-label={t("inst.file")}>
      <div class="file-icon"><Icon name="templates" size={28} /></div>
      <div class="file-body">
        <h2 class="break"><Text>{file.name}</Text></h2>
        <p class="muted">{t("inst.fileFacts", { rows: num(file.rows), size: size(file.bytes) })}{expires && <> · <span title={time(expires)}>{t("inst.expires", { when: ago(expires) })}</span></>}</p>
        <p class="sha mono"><span class="muted">SHA-256</span> <code data-sha256={file.sha256}>{file.sha256}</code><CopyButton text={file.sha256} label={t("inst.copySha")} /></p>
      </div>
      {can("read") && <a class="btn primary" href={fileUrl(id, file.name)} download={file.name}><Icon name="download" />{t("inst.download")}</a>}
    </section>
  );
}

// Reasons that say no more than the state does.
const plain = new Set(["created", "claimed", "succeeded"]);

function Timeline({ id, state }: { id: string; state: string }) {
  const events = useLoad((signal) => get<Page<InstEvent>>(`/v1/inst/${id}/events`, { pageSize: 500 }, signal), [id, state]);
  // What was shown stays until the new events are there.
  const [kept, setKept] = useState<InstEvent[]>([]);
  const list = events.data?.data ?? kept;
  if (events.data?.data && events.data.data !== kept) setKept(events.data.data);
  return (
    <Card title={t("inst.timeline")}>
      <ErrorBox error={events.error} retry={events.reload} />
      <ol class="timeline">
        {list.map((e) => (
          <li key={e.eventId}>
            <div class="between"><State value={e.state} /><time class="muted small" dateTime={e.at}>{time(e.at)}</time></div>
            <div class="muted small break">
              {[e.attempt ? t("inst.attemptN", { n: String(e.attempt) }) : "", e.worker ? visible(e.worker) : "", e.operatorId ? t("who.operator", { n: String(e.operatorId) }) : ""].filter(Boolean).join(" · ")}
            </div>
            {e.reason && !plain.has(e.reason) && <div class="break"><Text>{e.reason}</Text></div>}
          </li>
        ))}
      </ol>
    </Card>
  );
}

function Content({ inst }: { inst: Inst }) {
  const params = inst.params ?? [];
  return (
    <Card title={t("inst.content")} actions={<CopyButton text={inst.etplExpr} label={t("inst.copySql")} />}>
      <pre class="code" tabIndex={0} aria-label="SQL"><Text>{inst.etplExpr}</Text></pre>
      {params.length > 0 && (
        <>
          <h3>{t("tab.params")}</h3>
          <dl class="facts params-bound">
            {params.map((p) => (
              <>
                <dt class="mono">:{p.name}</dt>
                <dd class="break">{p.isNull ? <span class="null">NULL</span> : p.values?.length ? <><span class="muted">{t("param.count", { n: num(p.values.length) })} </span><Text>{p.values.slice(0, 50).join(", ") + (p.values.length > 50 ? ", …" : "")}</Text></> : p.value === "" ? <span class="null">{t("preview.empty")}</span> : <Text>{p.value}</Text>}</dd>
              </>
            ))}
          </dl>
        </>
      )}
    </Card>
  );
}

export function DeliveryTable({ rows, onChange, withRun }: { rows: Delivery[]; onChange: () => void; withRun?: boolean }) {
  const [busy, setBusy] = useState("");
  const [error, setError] = useState<unknown>();
  const retry = async (d: Delivery) => {
    setBusy(d.edeliveryId);
    setError(undefined);
    try {
      await post(`/v1/delivery/${d.edeliveryId}:retry`);
      toast(t("delivery.retried"));
      onChange();
    } catch (err) {
      setError(err);
    }
    setBusy("");
  };
  return (
    <>
      <ErrorBox error={error} />
      <div class="table-wrap flat">
        <table class="table cards">
          <thead><tr><th>{t("dest.destination")}</th>{withRun && <th>{t("col.run")}</th>}<th>{t("col.state")}</th><th>{t("delivery.answer")}</th><th>{t("inst.attempt")}</th><th>{t("col.created")}</th><th><span class="sr">{t("col.actions")}</span></th></tr></thead>
          <tbody>
            {rows.map((d) => (
              <tr key={d.edeliveryId}>
                <td class="main"><Text>{d.destination}</Text> <span class="chip">{visible(d.kind || "?")}</span>{d.event && word("event", d.event) && <span class="chip">{word("event", d.event)}</span>}</td>
                {withRun && <td data-label={t("col.run")}>{Number(d.einstId) ? <a href={`${base}/runs/${d.einstId}`}>#{d.einstId}</a> : "–"}</td>}
                <td data-label={t("col.state")}><State value={d.state} /></td>
                <td class="break wide" data-label={t("delivery.answer")}>{d.location && <div class="mono small"><Text>{d.location}</Text></div>}{d.errMsg && <div class={d.state === "DELIVERY_DONE" ? "muted" : "row-error"}><Text>{d.errMsg}</Text></div>}{d.nextAttempt && <div class="muted small">{t("delivery.next", { when: ago(d.nextAttempt) })}</div>}{!d.location && !d.errMsg && "–"}</td>
                <td data-label={t("inst.attempt")}>{d.attempt ?? 0} / {d.maxAttempts ?? 0}</td>
                <td class="nowrap" data-label={t("col.created")} title={time(d.created)}>{ago(d.finished || d.created)}</td>
                <td class="row-actions">{can("run") && ["DELIVERY_FAILED", "DELIVERY_RETRY_WAIT"].includes(d.state) && <Button small icon="retry" busy={busy === d.edeliveryId} onClick={() => void retry(d)}>{t("action.retry")}</Button>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
