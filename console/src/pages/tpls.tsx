// The list of templates.
import { useEffect, useState } from "preact/hooks";
import { del, get } from "../api";
import { ago, num, time } from "../format";
import { base, go, useLocation } from "../router";
import { can } from "../session";
import { t, word } from "../text";
import type { Page, Tpl } from "../types";
import { Icon } from "../ui/icon";
import { Button, Confirm, Empty, ErrorBox, Header, Link, More, Skeleton, Text, toast } from "../ui/ui";
import { useDebounced, useLoad } from "../use";

const pageSize = 50;

export function Tpls() {
  const { search } = useLocation();
  const [text, setText] = useState(search.get("q") ?? "");
  const q = useDebounced(text, 200);
  const tag = search.get("tag") ?? "";
  const [older, setOlder] = useState<Page<Tpl>[]>([]);
  const [busy, setBusy] = useState(false);
  const [gone, setGone] = useState<Tpl>();
  const list = useLoad((signal) => get<Page<Tpl>>("/v1/tpl", { search: q, etplTag: tag, pageSize }, signal), [q, tag]);
  useEffect(() => setOlder([]), [list.data]);
  useEffect(() => {
    const s = new URLSearchParams();
    if (q) s.set("q", q);
    if (tag) s.set("tag", tag);
    history.replaceState(null, "", location.pathname + (s.size ? "?" + s : ""));
  }, [q, tag]);
  const rows = [list.data, ...older].flatMap((p) => p?.data ?? []);
  const token = (older[older.length - 1] ?? list.data)?.nextPageToken;
  const filtered = q !== "" || tag !== "";
  return (
    <>
      <Header title={t("nav.templates")}>
        {can("run") && <Link to="/templates/new" kind="primary" icon="plus">{t("tpl.new")}</Link>}
      </Header>
      <div class="filters">
        <div class="searchbox">
          <Icon name="search" />
          <input type="search" aria-label={t("tpl.search")} placeholder={t("tpl.search")} value={text} onInput={(e) => setText(e.currentTarget.value)} />
        </div>
        {tag && <a class="chip on" href={base + "/templates"} aria-label={t("tpl.tagOff", { tag })}><Text>{tag}</Text><Icon name="close" size={12} /></a>}
      </div>
      <ErrorBox error={list.error} retry={list.reload} />
      {!list.data && list.loading ? <Skeleton /> : rows.length === 0 && list.data ? (
        filtered ? <Empty icon="search" title={t("tpl.none")}>{t("tpl.noneText")}</Empty> : (
          <Empty icon="templates" title={t("tpl.first")} action={can("run") && <Link to="/templates/new" kind="primary" icon="plus">{t("tpl.new")}</Link>}>{t("tpl.firstText")}</Empty>
        )
      ) : rows.length > 0 && (
        <div class="table-wrap">
          <table class="table cards">
            <thead>
              <tr><th>{t("col.name")}</th><th>{t("col.source")}</th><th>{t("col.format")}</th><th class="num">{t("col.runsOk")}</th><th>{t("col.changed")}</th><th><span class="sr">{t("col.actions")}</span></th></tr>
            </thead>
            <tbody>
              {rows.map((x) => (
                <tr key={x.etplId}>
                  <td class="main">
                    <a href={`${base}/templates/${x.etplId}`}><Text>{x.etplName}</Text></a>
                    {x.etplTag && <a class="chip" href={`${base}/templates?tag=${encodeURIComponent(x.etplTag)}`}><Text>{x.etplTag}</Text></a>}
                  </td>
                  <td data-label={t("col.source")}><Text>{x.etplSource || "default"}</Text></td>
                  <td data-label={t("col.format")}>{word("format", x.etplOutputFormat)}</td>
                  <td class="num" data-label={t("col.runsOk")}>{num(x.etplExecOkTimes)}<span class="muted"> / {num(x.etplExecTimes)}</span></td>
                  <td class="nowrap" data-label={t("col.changed")} title={time(x.etplUpdated)}>{ago(x.etplUpdated)}</td>
                  <td class="row-actions">
                    {can("run") && <Link to={`/templates/new?copy=${x.etplId}`} kind="quiet" small icon="copy" label={t("tpl.copyOf", { name: x.etplName })} />}
                    {can("run") && <Button kind="quiet" small icon="trash" label={t("tpl.deleteOf", { name: x.etplName })} onClick={() => setGone(x)} />}
                    {can("run") && <Link to={`/templates/${x.etplId}/run`} kind="plain" small icon="runs" label={t("tpl.runOf", { name: x.etplName })}>{t("action.run")}</Link>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <More token={token} busy={busy} onMore={async () => {
        setBusy(true);
        try {
          const next = await get<Page<Tpl>>("/v1/tpl", { search: q, etplTag: tag, pageSize, pageToken: token });
          setOlder((o) => [...o, next]);
        } catch {
          list.reload();
        }
        setBusy(false);
      }} />
      {gone && <DeleteTpl tpl={gone} onClose={() => setGone(undefined)} onDone={list.reload} />}
    </>
  );
}

export function DeleteTpl({ tpl, onClose, onDone }: { tpl: Tpl; onClose: () => void; onDone: () => void }) {
  return (
    <Confirm danger title={t("tpl.deleteTitle")} yes={t("action.delete")} onClose={onClose} onYes={async () => {
      await del(`/v1/tpl/${tpl.etplId}`);
      toast(t("tpl.deleted", { name: tpl.etplName }));
      onDone();
    }}>
      <p class="break"><strong><Text>{tpl.etplName}</Text></strong></p>
      <p>{t("tpl.deleteText")}</p>
    </Confirm>
  );
}

export const toList = () => go("/templates");
