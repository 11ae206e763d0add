// The file of a template: its format and options, its limits and destinations.
import { useEffect, useState } from "preact/hooks";
import { get } from "../api";
import { session } from "../session";
import { t, word } from "../text";
import type { Draft } from "../tpl";
import type { DeliverTo, Notify, Options } from "../types";
import { Button, Check, Empty, Input, Select } from "../ui/ui";

const delimiters: [string, string][] = [["", ","], [";", ";"], ["\t", "TAB"], ["|", "|"], ["^", "^"], ["~", "~"], ["\u0001", "0x01"], ["\u001f", "0x1F"]];
const known = new Set(["csvDelimiter", "csvBom", "csvLf", "csvQuoteAll", "csvNullText", "noHeader", "csvGb18030", "noFormulaGuard", "gzip", "splitRows", "sheetName", "noFreeze", "noFilter", "small", "snapshot", "fileName", "zstd", "jsonNumbers"]);
const fallback: Record<string, string[]> = {
  FMT_CSV: ["fileName", "csvDelimiter", "csvNullText", "csvBom", "csvLf", "csvQuoteAll", "csvGb18030", "noHeader", "noFormulaGuard", "gzip", "small", "splitRows", "snapshot"],
  FMT_XLS: ["fileName", "sheetName", "noHeader", "noFreeze", "noFilter", "splitRows", "snapshot"],
  FMT_XLSX: ["fileName", "sheetName", "noHeader", "noFreeze", "noFilter", "small", "splitRows", "snapshot"],
};

export const formatOptions = (): [string, string][] => {
  const list = session().formats.map((f) => f.format);
  return (list.length ? list : Object.keys(fallback)).filter((f) => f !== "FMT_DEFAULT").map((f) => [f, word("format", f)]);
};

interface Described { type?: string; description?: string; title?: string }

export function FileOptions({ format, options, onFormat, onChange, params }: { format: string; options: Options; onFormat: (f: string) => void; onChange: (o: Options) => void; params: string[] }) {
  const names = session().formats.find((f) => f.format === format)?.options ?? fallback[format] ?? [];
  const set = (name: string, v: Options[string]) => onChange({ ...options, [name]: v });
  // Options that this page has no words for are described by the service.
  const [described, setDescribed] = useState<Record<string, Described>>({});
  const unknown = names.filter((n) => !known.has(n));
  useEffect(() => {
    if (unknown.length === 0) return;
    get<{ definitions?: Record<string, { properties?: Record<string, Described> }> }>("/openapi.json").then(
      (doc) => setDescribed(Object.entries(doc.definitions ?? {}).find(([name]) => name.endsWith("WshExportOptions"))?.[1].properties ?? {}),
      () => {},
    );
  }, [unknown.length]);
  const bool = (name: string, hint?: string) => names.includes(name) && <Check key={name} label={word("option", name) || name} hint={hint} checked={!!options[name]} onChange={(v) => set(name, v)} />;
  const pattern = ["{name}", "{id}", "{date}", "{time}", "{due}", ...params.map((p) => `{param.${p}}`)];
  return (
    <div class="stack">
      <fieldset class="formats">
        <legend>{t("col.format")}</legend>
        {formatOptions().map(([f, text]) => (
          <label key={f} class={f === format ? "on" : undefined}>
            <input type="radio" name="format" checked={f === format} onChange={() => onFormat(f)} />
            {text}
          </label>
        ))}
      </fieldset>
      <div class="form-row">
        {names.includes("fileName") && <Input mono wide label={t("option.fileName")} value={String(options.fileName ?? "")} placeholder="{name}-{id}" hint={t("option.fileNameHint", { list: pattern.join(" ") })} onInput={(v) => set("fileName", v)} />}
        {names.includes("sheetName") && <Input label={t("option.sheetName")} value={String(options.sheetName ?? "")} placeholder="Sheet1" onInput={(v) => set("sheetName", v)} />}
        {names.includes("csvDelimiter") && <Select label={t("option.csvDelimiter")} value={options.csvDelimiter === "," ? "" : String(options.csvDelimiter ?? "")} options={delimiters} onChange={(v) => set("csvDelimiter", v)} />}
        {names.includes("csvNullText") && <Input label={t("option.csvNullText")} mono value={String(options.csvNullText ?? "")} placeholder={t("option.csvNullHint")} onInput={(v) => set("csvNullText", v)} />}
        {names.includes("jsonNumbers") && <Select label={t("option.jsonNumbers")} value={String(options.jsonNumbers ?? "")} options={[["", t("option.jsonAuto")], ["string", t("option.jsonString")], ["number", t("option.jsonNumber")]]} onChange={(v) => set("jsonNumbers", v)} />}
        {names.includes("splitRows") && <Input label={t("option.splitRows")} type="number" min="0" value={Number(options.splitRows ?? 0) ? String(options.splitRows) : ""} placeholder={t("option.oneFile")} onInput={(v) => set("splitRows", v === "" ? "0" : v)} />}
      </div>
      <div class="checks two">
        {bool("csvBom", t("option.csvBomHint"))}
        {bool("csvGb18030")}
        {bool("csvLf")}
        {bool("csvQuoteAll")}
        {bool("noHeader")}
        {bool("noFreeze")}
        {bool("noFilter")}
        {bool("gzip")}
        {bool("zstd")}
        {bool("small")}
        {bool("noFormulaGuard", t("option.guardHint"))}
        {bool("snapshot", t("option.snapshotHint"))}
      </div>
      {unknown.length > 0 && (
        <div class="form-row">
          {unknown.map((name) => {
            const d = described[name] ?? {};
            const hint = [d.title, d.description].filter(Boolean).join(" ");
            if (d.type === "boolean") return <Check key={name} label={name} hint={hint} checked={!!options[name]} onChange={(v) => set(name, v)} />;
            return <Input key={name} label={name} hint={hint} value={String(options[name] ?? "")} onInput={(v) => set(name, d.type === "integer" ? Number(v) || 0 : v)} />;
          })}
        </div>
      )}
    </div>
  );
}

export function Limits({ draft, set }: { draft: Draft; set: (part: Partial<Draft>) => void }) {
  const field = (key: "rows" | "bytes" | "running" | "timeout" | "attempts" | "retention", placeholder: string) => (
    <Input label={t(("limit." + key) as "limit.rows")} hint={t(("limit." + key + "Hint") as "limit.rowsHint")} type="number" min="0" value={draft[key]} placeholder={placeholder} onInput={(v) => set({ [key]: v })} />
  );
  return (
    <div class="form-row">
      {field("rows", t("limit.source"))}
      {field("bytes", t("limit.source"))}
      {field("running", t("limit.source"))}
      {field("timeout", t("limit.server"))}
      {field("attempts", t("limit.server"))}
      {field("retention", t("limit.server"))}
    </div>
  );
}

const requires = ["REQUIRE_NOTHING", "REQUIRE_ROWS", "REQUIRE_NO_ROWS", "REQUIRE_CHANGE"];

// NotifyForm says who is notified when runs fail, are late, or succeed again.
export function NotifyForm({ value, onChange }: { value: Notify; onChange: (v: Notify) => void }) {
  return (
    <section class="stack">
      <div><h2>{t("notify.title")}</h2><p class="muted">{t("notify.text")}</p></div>
      <Destinations notices list={value.to ?? []} onChange={(to) => onChange({ ...value, to })} />
      {(value.to ?? []).length > 0 && <div class="form-row"><Input label={t("notify.late")} hint={t("notify.lateHint")} type="number" min="0" value={value.lateSec ? String(value.lateSec) : ""} placeholder={t("notify.never")} onInput={(v) => onChange({ ...value, lateSec: Number(v) || 0 })} /></div>}
    </section>
  );
}

export function Destinations({ list, onChange, notices }: { list: DeliverTo[]; onChange: (list: DeliverTo[]) => void; notices?: boolean }) {
  const known = session().destinations;
  const change = (i: number, part: Partial<DeliverTo>) => onChange(list.map((d, j) => (j === i ? { ...d, ...part } : d)));
  const add = <Button icon="plus" disabled={!known.length || list.length >= 10} onClick={() => onChange([...list, { destination: known[0]!.name }])}>{t("dest.add")}</Button>;
  if (list.length === 0 && notices) return <div>{add}</div>;
  if (list.length === 0) return <Empty icon="deliveries" title={t("dest.none")} action={known.length > 0 && add}>{known.length ? t("dest.noneText") : t("dest.notConfigured")}</Empty>;
  return (
    <div class="stack">
      {list.map((d, i) => {
        const kind = known.find((k) => k.name === d.destination)?.kind ?? "";
        return (
          <div key={i} class="decl">
            <Select label={t("dest.destination")} value={d.destination} options={[...new Set([d.destination, ...known.map((k) => k.name)])].map((n) => [n, n])} onChange={(destination) => change(i, { destination })} />
            {kind !== "email" && kind !== "webhook" && <Input mono label={t("dest.path")} value={d.path ?? ""} placeholder="{date:2006}/{name}" hint={t("dest.pathHint")} onInput={(path) => change(i, { path })} />}
            {(kind === "email" || !kind) && <Input label={t("dest.recipients")} value={(d.recipients ?? []).join(", ")} hint={t("dest.recipientsHint")} onInput={(v) => change(i, { recipients: v.split(",").map((s) => s.trim()).filter(Boolean) })} />}
            {(kind === "email" || !kind) && <Input label={t("dest.subject")} value={d.subject ?? ""} onInput={(subject) => change(i, { subject })} />}
            {!notices && <Select label={t("dest.require")} value={d.require ?? requires[0]!} options={requires.map((v) => [v, word("require", v)])} onChange={(require) => change(i, { require })} />}
            <Button kind="quiet" icon="trash" label={t("dest.remove", { name: d.destination })} onClick={() => onChange(list.filter((_, j) => j !== i))} />
          </div>
        );
      })}
      <div>{add}</div>
    </div>
  );
}
