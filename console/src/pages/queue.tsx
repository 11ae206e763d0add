// What waits, runs and failed, by operator and by worker, live.
import { get } from "../api";
import { duration, num } from "../format";
import { base } from "../router";
import { t } from "../text";
import type { Inst, Page, Queue } from "../types";
import { Card, Empty, ErrorBox, Header, Link, Skeleton, Text } from "../ui/ui";
import { useLoad, useNow } from "../use";
import { RunTable } from "./runs";

export function QueuePage() {
  const queue = useLoad((signal) => get<{ data?: Queue }>("/v1/queue", {}, signal), [], 2000);
  const open = useLoad((signal) => get<Page<Inst>>("/v1/inst", { states: ["STATE_QUEUED", "STATE_RUNNING", "STATE_RETRY_WAIT", "STATE_CANCELING"], pageSize: 20 }, signal), [], 2000);
  const failed = useLoad((signal) => get<Page<Inst>>("/v1/inst", { states: ["STATE_FAILED", "STATE_TIMED_OUT"], pageSize: 5 }, signal), [], 5000);
  const now = useNow();
  const operators = queue.data?.data?.operators ?? [];
  const workers = queue.data?.data?.workers ?? [];
  const sum = (key: "waiting" | "retrying" | "running") => operators.reduce((n, o) => n + Number(o[key] ?? 0), 0);
  const most = Math.max(1, ...operators.map((o) => Number(o.waiting ?? 0) + Number(o.retrying ?? 0) + Number(o.running ?? 0)));
  return (
    <>
      <Header title={t("nav.queue")} sub={<span class="live"><span class="dot" aria-hidden="true" />{t("queue.live")}</span>} />
      <ErrorBox error={queue.error} retry={queue.reload} />
      {!queue.data && queue.loading && <Skeleton />}
      {queue.data && (
        <>
          <div class="tiles">
            <div class="card tile"><strong>{num(sum("running"))}</strong><span>{t("queue.running")}</span></div>
            <div class="card tile"><strong>{num(sum("waiting"))}</strong><span>{t("queue.waiting")}</span></div>
            <div class="card tile"><strong>{num(sum("retrying"))}</strong><span>{t("queue.retrying")}</span></div>
            <div class="card tile"><strong>{operators.length ? duration(Math.max(0, ...operators.map((o) => Number(o.oldestSec ?? 0))) * 1000) : "–"}</strong><span>{t("queue.oldest")}</span></div>
          </div>
          <div class="split even">
            <Card title={t("queue.operators")} pad={false}>
              {operators.length === 0 ? <Empty icon="queue" title={t("queue.empty")}>{t("queue.emptyText")}</Empty> : (
                <div class="table-wrap flat"><table class="table">
                  <thead><tr><th>{t("runs.operator")}</th><th class="num">{t("queue.running")}</th><th class="num">{t("queue.waiting")}</th><th class="num">{t("queue.retrying")}</th><th class="num">{t("queue.oldest")}</th></tr></thead>
                  <tbody>{operators.map((o) => (
                    <tr key={o.operatorId ?? 0}>
                      <td><a href={`${base}/runs?operator=${o.operatorId ?? 0}`}>{o.operatorId ?? 0}</a><div class="meter" aria-hidden="true"><div style={{ width: `${((Number(o.waiting ?? 0) + Number(o.retrying ?? 0) + Number(o.running ?? 0)) / most) * 100}%` }} /></div></td>
                      <td class="num">{num(o.running)}</td><td class="num">{num(o.waiting)}</td><td class="num">{num(o.retrying)}</td><td class="num">{Number(o.oldestSec ?? 0) ? duration(Number(o.oldestSec) * 1000) : "–"}</td>
                    </tr>
                  ))}</tbody>
                </table></div>
              )}
            </Card>
            <Card title={t("queue.workers")} pad={false}>
              {workers.length === 0 ? <Empty icon="queue" title={t("queue.noWorkers")}>{t("queue.noWorkersText")}</Empty> : (
                <div class="table-wrap flat"><table class="table">
                  <thead><tr><th>{t("inst.worker")}</th><th class="num">{t("queue.running")}</th></tr></thead>
                  <tbody>{workers.map((w) => <tr key={w.worker}><td class="break"><Text>{w.worker}</Text></td><td class="num">{num(w.running)}</td></tr>)}</tbody>
                </table></div>
              )}
            </Card>
          </div>
        </>
      )}
      {(open.data?.data ?? []).length > 0 && <><h2 class="section">{t("queue.now")}</h2><RunTable rows={open.data!.data!} now={now} /></>}
      {(failed.data?.data ?? []).length > 0 && <><div class="between section"><h2>{t("queue.failed")}</h2><Link to="/runs?state=STATE_FAILED,STATE_TIMED_OUT">{t("queue.allFailed")}</Link></div><RunTable rows={failed.data!.data!} now={now} /></>}
    </>
  );
}
