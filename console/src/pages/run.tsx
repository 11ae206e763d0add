// The run form of a template.
import { useRef, useState } from "preact/hooks";
import { get, post } from "../api";
import { base, go } from "../router";
import { can, session } from "../session";
import { t, word } from "../text";
import type { Inst, Page, ParamDecl } from "../types";
import { missing, ParamForm, paramsOf, prefill, type Values } from "../ui/params";
import { Button, Card, ErrorBox, errorText, Header, Notice, Select, Skeleton, Text } from "../ui/ui";
import { useLoad } from "../use";
import { oneTpl, type SqlParam } from "./tpl";
import { formatOptions } from "./tpl-file";

// declsOf completes the declarations of a template by the parameters of its SQL.
export async function declsOf(etplId: number, declared: ParamDecl[], signal?: AbortSignal): Promise<ParamDecl[]> {
  const reply = await post<{ sqlParams?: SqlParam[] }>("/v1/tpl:preview", { etplId, checkOnly: true }, signal).catch(() => undefined);
  const found = reply?.sqlParams;
  if (!found) return declared;
  return found.filter((p) => !p.builtin).map((p) => declared.find((d) => d.name === p.name) ?? { name: p.name, list: p.list });
}

// lastRun is the last run of a template, or the run with the id from.
export async function lastRun(etplId: number, from: string, signal?: AbortSignal): Promise<Inst | undefined> {
  const id = from || (await get<Page<Inst>>("/v1/inst", { etplId, pageSize: 1 }, signal)).data?.[0]?.einstId;
  return id ? (await get<{ data: Inst }>(`/v1/inst/${id}`, {}, signal)).data : undefined;
}

// newRequestId makes a key with which a repeated request runs once.
export function newRequestId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

export function RunPage({ id, from }: { id: number; from: string }) {
  const tpl = useLoad(async (signal) => {
    const data = await oneTpl(id, signal);
    return { tpl: data, decls: await declsOf(id, data.etplParams ?? [], signal) };
  }, [id]);
  const last = useLoad((signal) => (can("read") ? lastRun(id, from, signal) : Promise.resolve(undefined)), [id, from]);
  const ready = tpl.data && !last.loading;
  return (
    <>
      <Header title={tpl.data ? <Text>{t("run.title", { name: tpl.data.tpl.etplName })}</Text> : t("action.run")} back={[`/templates/${id}`, t("run.template")]} />
      <ErrorBox error={tpl.error} retry={tpl.reload} />
      {!ready && tpl.loading && <Skeleton />}
      {ready && <Form key={id} id={id} decls={tpl.data!.decls} sql={tpl.data!.tpl.etplExpr} source={tpl.data!.tpl.etplSource ?? ""} format={tpl.data!.tpl.etplOutputFormat ?? ""} last={last.data} />}
    </>
  );
}

function Form({ id, decls, sql, source, format, last }: { id: number; decls: ParamDecl[]; sql: string; source: string; format: string; last?: Inst }) {
  const firstFormat = !format || format === "FMT_DEFAULT" ? "FMT_CSV" : format;
  const [values, setValues] = useState<Values>(() => Object.fromEntries(decls.map((d) => [d.name, prefill(d, last?.params)])));
  const [file, setFile] = useState(firstFormat);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [tried, setTried] = useState(false);
  // The same form sent twice makes one run.
  const request = useRef<{ of: string; id: string }>({ of: "", id: "" });
  const start = async (e: Event) => {
    e.preventDefault();
    setTried(true);
    if (missing(decls, values).length) return;
    const body = { etplId: id, etplOutputFormat: file === firstFormat ? "FMT_DEFAULT" : file, params: paramsOf(decls, values) };
    const of = JSON.stringify(body);
    if (request.current.of !== of) request.current = { of, id: newRequestId() };
    setBusy(true);
    setError(undefined);
    try {
      const res = await post<{ data: Inst }>("/v1/inst", { ...body, requestId: request.current.id });
      go(`/runs/${res.data.einstId}`);
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  if (!can("run")) return <Notice tone="warn">{t("run.noScope")}</Notice>;
  const filled = last && decls.length > 0;
  return (
    <form class="split run" onSubmit={start} noValidate>
      <Card title={decls.length ? t("run.params") : t("run.noParams")}>
        {decls.length === 0 ? <p class="muted">{t("run.noParamsText")}</p> : <ParamForm decls={decls} values={values} onChange={setValues} tried={tried} error={error ? errorText(error) : ""} />}
        {filled && <p class="hint">{t("run.prefilled", { id: last.einstId })}</p>}
        <ErrorBox error={error} title={error ? t("run.failed") : undefined} />
        <div class="run-go">
          <Button type="submit" kind="primary" icon="runs" busy={busy}>{t("run.start")}</Button>
          <span class="hint">{t("run.closeHint")}</span>
        </div>
      </Card>
      <div class="stack">
        <Card title={t("run.file")}>
          <Select label={t("col.format")} value={file} options={formatOptions().some(([f]) => f === file) ? formatOptions() : [[file, word("format", file)], ...formatOptions()]} onChange={setFile} wide />
          <dl class="facts">
            <dt>{t("col.source")}</dt><dd><Text>{source || "default"}</Text></dd>
            <dt>{t("run.zone")}</dt><dd>{session().zone}</dd>
          </dl>
        </Card>
        <Card title="SQL"><pre class="code" tabIndex={0} aria-label="SQL"><Text>{sql}</Text></pre><a href={`${base}/templates/${id}`}>{t("run.toTemplate")}</a></Card>
      </div>
    </form>
  );
}
