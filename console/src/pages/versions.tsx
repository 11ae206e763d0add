// The versions of a template, each as a diff against the one before it.
import { useEffect, useState } from "preact/hooks";
import { get } from "../api";
import { ago, time } from "../format";
import { t } from "../text";
import { draftOf, tplText } from "../tpl";
import type { Page, Tpl } from "../types";
import { Diff } from "../ui/diff";
import { Card, ErrorBox, Header, More, Skeleton, Text } from "../ui/ui";
import { useLoad } from "../use";
import { oneTpl } from "./tpl";

interface Version { etplVersion: number; at: string; operatorId: number; changedBy?: string; deleted?: boolean; tpl: Tpl }

export function Versions({ id }: { id: number }) {
  const tpl = useLoad((signal) => oneTpl(id, signal), [id]);
  const list = useLoad((signal) => get<Page<Version>>(`/v1/tpl/${id}/versions`, { pageSize: 50 }, signal), [id]);
  const [older, setOlder] = useState<Page<Version>[]>([]);
  const [shown, setShown] = useState<number>();
  useEffect(() => setOlder([]), [list.data]);
  const rows = [list.data, ...older].flatMap((p) => p?.data ?? []);
  const token = (older[older.length - 1] ?? list.data)?.nextPageToken;
  const at = Math.max(0, rows.findIndex((v) => v.etplVersion === shown));
  const now = rows[at];
  const before = rows[at + 1];
  return (
    <>
      <Header title={t("tpl.versions")} back={[`/templates/${id}`, tpl.data?.etplName ?? t("nav.templates")]} />
      <ErrorBox error={list.error} retry={list.reload} />
      {list.loading && !list.data && <Skeleton />}
      {now && (
        <div class="split">
          <nav class="versions" aria-label={t("tpl.versions")}>
            {rows.map((v) => (
              <button key={v.etplVersion} type="button" aria-current={v === now ? "true" : undefined} onClick={() => setShown(v.etplVersion)}>
                <span class="between"><strong>{t("tpl.version", { n: String(v.etplVersion) })}</strong>{v.deleted && <span class="chip bad">{t("action.deleted")}</span>}</span>
                <span class="muted small" title={time(v.at)}>{ago(v.at)} · {v.changedBy ? <Text>{v.changedBy}</Text> : t("who.operator", { n: String(v.operatorId) })}</span>
              </button>
            ))}
            <More token={token} onMore={async () => { const next = await get<Page<Version>>(`/v1/tpl/${id}/versions`, { pageSize: 50, pageToken: token }).catch(() => undefined); if (next) setOlder((o) => [...o, next]); }} />
          </nav>
          <Card title={before ? t("tpl.diffTitle", { a: String(before.etplVersion), b: String(now.etplVersion) }) : t("tpl.version", { n: String(now.etplVersion) })}>
            <Diff before={before ? tplText(draftOf(before.tpl)) : ""} after={tplText(draftOf(now.tpl))} />
          </Card>
        </div>
      )}
    </>
  );
}
