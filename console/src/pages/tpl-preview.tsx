// The preview: the first rows of the file, as the file will show them.
import { useEffect, useRef, useState } from "preact/hooks";
import { post } from "../api";
import { num, visible } from "../format";
import { t } from "../text";
import { createReq, type Draft } from "../tpl";
import type { Param, ParamDecl, Preview } from "../types";
import { missing, ParamForm, paramsOf, prefill, type Values } from "../ui/params";
import { Button, Empty, ErrorBox, errorText, Notice, Skeleton, Text } from "../ui/ui";

export function PreviewPane({ draft, used, decls, last, run, ready }: { draft: Draft; used?: Set<string>; decls: ParamDecl[]; last?: Param[]; run: number; ready: boolean }) {
  const [values, setValues] = useState<Values>({});
  const [shown, setShown] = useState<{ data: Preview; of: string }>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [tried, setTried] = useState(false);
  const all = Object.fromEntries(decls.map((d) => [d.name, values[d.name] ?? prefill(d, last)]));
  const body = { draft: { ...createReq(draft, used), etplName: draft.name || "draft" }, params: paramsOf(decls, all), rows: 50 };
  const key = JSON.stringify(body);
  const load = async () => {
    setTried(true);
    if (missing(decls, all).length) return;
    setBusy(true);
    setError(undefined);
    try {
      setShown({ data: (await post<{ data: Preview }>("/v1/tpl:preview", body)).data, of: key });
    } catch (err) {
      setError(err);
    }
    setBusy(false);
  };
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (run) void latest.current();
  }, [run]);
  if (!ready) return <Empty icon="eye" title={t("preview.none")}>{t("preview.noneText")}</Empty>;
  return (
    <div class="stack">
      {decls.length > 0 && <ParamForm across decls={decls} values={all} onChange={setValues} tried={tried} error={error ? errorText(error) : ""} />}
      <div class="between">
        <Button icon="eye" kind={shown ? "plain" : "primary"} busy={busy} onClick={() => void load()}>{shown ? t("preview.again") : t("preview.show")}</Button>
        {shown && shown.of !== key && <span class="muted">{t("preview.stale")}</span>}
      </div>
      <ErrorBox error={error} title={error ? t("preview.failed") : undefined} />
      {busy && !shown ? <Skeleton rows={4} /> : shown && <Grid data={shown.data} />}
    </div>
  );
}

export function Grid({ data }: { data: Preview }) {
  const columns = data.columns ?? [];
  const rows = data.rows ?? [];
  const numeric = columns.map((c) => /int|decimal|float|double|numeric|year/i.test(c.type));
  return (
    <>
      <div class="grid-facts">
        <span>{data.more ? t("preview.firstRows", { n: rows.length }) : t("preview.allRows", { n: rows.length })}</span>
        <span>{t("preview.columns", { n: columns.length })}</span>
        {Number(data.estimatedRows ?? 0) > 0 && <span>{t("preview.estimate", { n: num(data.estimatedRows) })}</span>}
      </div>
      {(data.warnings ?? []).map((w) => <Notice key={w.code} tone="warn"><Text>{w.text}</Text></Notice>)}
      {rows.length === 0 ? <Empty icon="search" title={t("preview.noRows")}>{t("preview.noRowsText")}</Empty> : (
        <div class="grid-wrap" tabIndex={0} role="region" aria-label={t("tab.preview")}>
          <table class="grid">
            <thead>
              <tr>
                <th class="rownum"><span class="sr">#</span></th>
                {columns.map((c, i) => (
                  <th key={i} class={numeric[i] ? "num" : undefined} scope="col"><Text>{c.label}</Text><span class="type">{visible(c.type)}</span></th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((r, n) => (
                <tr key={n}>
                  <td class="rownum">{n + 1}</td>
                  {(r.cells ?? []).map((c, i) => (
                    <td key={i} class={numeric[i] ? "num" : undefined}>
                      {c.isNull ? <span class="null">NULL</span> : (c.text ?? "") === "" ? <span class="null">{t("preview.empty")}</span> : <Text>{c.text}</Text>}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
