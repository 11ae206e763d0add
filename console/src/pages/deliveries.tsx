// The list of deliveries, live.
import { useEffect, useState } from "preact/hooks";
import { get } from "../api";
import { go, useLocation } from "../router";
import { can } from "../session";
import { t } from "../text";
import type { Delivery, Page } from "../types";
import { Empty, ErrorBox, Header, Input, More, Skeleton } from "../ui/ui";
import { useDebounced, useLoad } from "../use";
import { DeliveryTable } from "./inst";

export function Deliveries() {
  const { search } = useLocation();
  const state = search.get("state") ?? "";
  const [typed, setTyped] = useState(search.get("operator") ?? "");
  const operator = useDebounced(typed, 300);
  const request = { states: state ? state.split(",") : [], operatorId: operator, pageSize: 50 };
  const list = useLoad((signal) => get<Page<Delivery>>("/v1/delivery", request, signal), [request], 3000);
  const [older, setOlder] = useState<Page<Delivery>[]>([]);
  useEffect(() => setOlder([]), [state, operator]);
  const seen = new Set<string>();
  const rows = [list.data, ...older].flatMap((p) => p?.data ?? []).filter((d) => !seen.has(d.edeliveryId) && seen.add(d.edeliveryId));
  const token = (older[older.length - 1] ?? list.data)?.nextPageToken;
  return (
    <>
      <Header title={t("nav.deliveries")} />
      <div class="filters">
        <div class="segments" role="group" aria-label={t("runs.state")}>
          {([["", t("runs.all")], ["DELIVERY_WAITING,DELIVERY_RUNNING,DELIVERY_RETRY_WAIT", t("runs.open")], ["DELIVERY_DONE", t("delivery.done")], ["DELIVERY_FAILED", t("runs.failed")]] as [string, string][]).map(([v, text]) => (
            <button key={v} type="button" aria-pressed={state === v} onClick={() => go("/deliveries" + (v ? "?state=" + v : ""), true)}>{text}</button>
          ))}
        </div>
        {can("admin") && <div class="narrow"><Input label={t("runs.operator")} type="number" min="0" value={typed} onInput={setTyped} /></div>}
      </div>
      <ErrorBox error={list.error} retry={list.reload} />
      {!list.data && list.loading ? <Skeleton /> : rows.length === 0 && list.data ? (state || operator ? <Empty icon="search" title={t("delivery.none")} /> : <Empty icon="deliveries" title={t("delivery.first")}>{t("delivery.firstText")}</Empty>) : rows.length > 0 && <DeliveryTable rows={rows} withRun onChange={list.reload} />}
      <More token={token} onMore={async () => { const next = await get<Page<Delivery>>("/v1/delivery", { ...request, pageToken: token }).catch(() => undefined); if (next) setOlder((o) => [...o, next]); }} />
    </>
  );
}
