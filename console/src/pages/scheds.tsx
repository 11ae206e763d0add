// The list of schedules.
import { useEffect, useState } from "preact/hooks";
import { get, patch, post } from "../api";
import { explainCron } from "../cron";
import { ago, inZone, time } from "../format";
import { base, go } from "../router";
import { can, session } from "../session";
import { t } from "../text";
import type { Page, Sched } from "../types";
import { Icon } from "../ui/icon";
import { Button, Empty, ErrorBox, Header, Link, More, Skeleton, State, Text, toast } from "../ui/ui";
import { useDebounced, useLoad } from "../use";
import { newRequestId } from "./run";

export async function pause(s: Sched, paused: boolean): Promise<Sched> {
  const res = await patch<{ data: Sched }>(`/v1/sched/${s.eschedId}`, { paused, version: s.version });
  toast(paused ? t("sched.paused", { name: s.eschedName }) : t("sched.resumed", { name: s.eschedName }));
  return res.data;
}

export async function runNow(s: Sched) {
  const res = await post<{ data?: { einstId: string }[] }>(`/v1/sched/${s.eschedId}:run`, { requestId: newRequestId() });
  const id = res.data?.[0]?.einstId;
  if (id) go(`/runs/${id}`);
}

export function Scheds() {
  const [text, setText] = useState("");
  const q = useDebounced(text, 200);
  const list = useLoad((signal) => get<Page<Sched>>("/v1/sched", { eschedName: q, pageSize: 50 }, signal), [q], 10_000);
  const [older, setOlder] = useState<Page<Sched>[]>([]);
  const [error, setError] = useState<unknown>();
  useEffect(() => setOlder([]), [q]);
  const rows = [list.data, ...older].flatMap((p) => p?.data ?? []);
  const token = (older[older.length - 1] ?? list.data)?.nextPageToken;
  const act = async (f: () => Promise<unknown>) => {
    setError(undefined);
    try {
      await f();
      list.reload();
    } catch (err) {
      setError(err);
    }
  };
  return (
    <>
      <Header title={t("nav.schedules")}>{can("run") && <Link to="/schedules/new" kind="primary" icon="plus">{t("sched.new")}</Link>}</Header>
      <div class="filters">
        <div class="searchbox"><Icon name="search" /><input type="search" aria-label={t("sched.search")} placeholder={t("sched.search")} value={text} onInput={(e) => setText(e.currentTarget.value)} /></div>
      </div>
      <ErrorBox error={error ?? list.error} retry={list.reload} />
      {!list.data && list.loading ? <Skeleton /> : rows.length === 0 && list.data ? (
        q ? <Empty icon="search" title={t("sched.none")} /> : <Empty icon="schedules" title={t("sched.first")} action={can("run") && <Link to="/schedules/new" kind="primary" icon="plus">{t("sched.new")}</Link>}>{t("sched.firstText")}</Empty>
      ) : rows.length > 0 && (
        <div class="table-wrap">
          <table class="table cards">
            <thead><tr><th>{t("col.name")}</th><th>{t("col.state")}</th><th>{t("sched.when")}</th><th>{t("sched.next")}</th><th>{t("sched.last")}</th><th><span class="sr">{t("col.actions")}</span></th></tr></thead>
            <tbody>
              {rows.map((s) => {
                const next = s.upcoming?.[0];
                const zone = s.zone || session().zone;
                const at = next && inZone(next, zone);
                return (
                  <tr key={s.eschedId}>
                    <td class="main"><a href={`${base}/schedules/${s.eschedId}`}><Text>{s.eschedName}</Text></a>{s.lastProblem && <div class="row-error warn"><Text>{s.lastProblem}</Text></div>}</td>
                    <td data-label={t("col.state")}><State value={s.status ?? "SCHED_ACTIVE"} /></td>
                    <td data-label={t("sched.when")}>{explainCron(s.cron) || <code>{s.cron}</code>}<div class="muted small"><Text>{zone}</Text></div></td>
                    <td data-label={t("sched.next")} title={time(next)}>{at ? <>{at.date} {at.time}<div class="muted small">{ago(next)}</div></> : "–"}</td>
                    <td data-label={t("sched.last")}>{Number(s.lastInst ?? 0) ? <a href={`${base}/runs/${s.lastInst}`}>#{s.lastInst}</a> : s.lastDue ? ago(s.lastDue) : "–"}</td>
                    <td class="row-actions">
                      {can("run") && (s.status ?? "SCHED_ACTIVE") === "SCHED_ACTIVE" && <Button small kind="quiet" icon="pause" label={t("sched.pauseOf", { name: s.eschedName })} onClick={() => void act(() => pause(s, true))} />}
                      {can("run") && s.status === "SCHED_PAUSED" && <Button small kind="quiet" icon="runs" label={t("sched.resumeOf", { name: s.eschedName })} onClick={() => void act(() => pause(s, false))} />}
                      {can("run") && <Button small label={t("sched.runOf", { name: s.eschedName })} onClick={() => void act(() => runNow(s))}>{t("sched.runNow")}</Button>}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      <More token={token} onMore={async () => { const next = await get<Page<Sched>>("/v1/sched", { eschedName: q, pageSize: 50, pageToken: token }).catch(() => undefined); if (next) setOlder((o) => [...o, next]); }} />
    </>
  );
}
