// A form made from the parameters of a template.
import { useId } from "preact/hooks";
import { num } from "../format";
import { session } from "../session";
import { t, word } from "../text";
import type { Param, ParamDecl } from "../types";
import { Button, Field } from "./ui";

// Value is what was typed for a parameter. left: it is left out and its default
// applies.
export interface Value {
  text: string;
  left?: boolean;
  isNull?: boolean;
}
export type Values = Record<string, Value>;

export function emptyValue(d: ParamDecl): Value {
  return { text: "", left: !!d.optional };
}

export function valueOf(p: Param): Value {
  return { text: p.values?.length ? p.values.join("\n") : (p.value ?? ""), isNull: p.isNull };
}

// prefill takes the value of the last run, so that the usual run needs no typing.
export function prefill(d: ParamDecl, last: Param[] = []): Value {
  const p = last.find((x) => x.name === d.name);
  return p && !d.optional ? valueOf(p) : emptyValue(d);
}

// listOf splits a list: one value a line, as a column of a spreadsheet is pasted.
export function listOf(text: string): string[] {
  return text.split(/\r?\n|\t/).map((s) => s.trim()).filter((s) => s !== "");
}

// paramsOf makes the parameters of a request.
export function paramsOf(decls: ParamDecl[], values: Values): Param[] {
  return decls.flatMap((d): Param[] => {
    const v = values[d.name] ?? emptyValue(d);
    if (v.left) return [];
    if (v.isNull) return [{ name: d.name, isNull: true }];
    if (d.list) return [{ name: d.name, values: listOf(v.text) }];
    return [{ name: d.name, value: d.type === "PARAM_DATETIME" ? v.text.replace("T", " ") : v.text }];
  });
}

// missing names the required parameters that have no value yet.
export function missing(decls: ParamDecl[], values: Values): string[] {
  return decls
    .filter((d) => {
      const v = values[d.name] ?? emptyValue(d);
      if (v.left || v.isNull) return false;
      if (d.list) return listOf(v.text).length === 0 && d.emptyList !== "EMPTY_LIST_NONE";
      return v.text === "" && (d.type ?? "PARAM_STRING") !== "PARAM_STRING";
    })
    .map((d) => d.name);
}

// errorOf is the message of the service for one parameter.
const errorOf = (message: string, name: string) => (message.includes(`"${name}"`) || message.includes(":" + name + ":") || message.startsWith(`params ${name}:`) ? message : undefined);

const pad = (v: string) => (/T\d\d:\d\d$/.test(v) ? v + ":00" : v);

export function ParamForm({ decls, values, onChange, error = "", tried, across }: { decls: ParamDecl[]; values: Values; onChange: (v: Values) => void; error?: string; tried?: boolean; across?: boolean }) {
  const lacking = tried ? missing(decls, values) : [];
  return (
    <div class={across ? "params across" : "params"}>
      {decls.map((d) => {
        const v = values[d.name] ?? emptyValue(d);
        return <ParamRow key={d.name} decl={d} value={v} error={lacking.includes(d.name) ? t("param.missing") : errorOf(error, d.name)} onChange={(next) => onChange({ ...values, [d.name]: next })} />;
      })}
    </div>
  );
}

function ParamRow({ decl, value, onChange, error }: { decl: ParamDecl; value: Value; onChange: (v: Value) => void; error?: string }) {
  const id = useId();
  const type = decl.type ?? "PARAM_STRING";
  const set = (text: string) => onChange({ text });
  const off = !!value.left || !!value.isNull;
  const kind = word("type", type) + (decl.list ? " · " + t("param.list") : "") + (decl.optional ? " · " + t("param.optional") : "");
  return (
    <div class="param">
      <Field label={decl.name} hint={kind + (decl.list && !off ? " · " + t("param.count", { n: num(listOf(value.text).length) }) : "")} error={error} wide>
        {(a) => {
          if (decl.list) return <textarea {...a} rows={4} disabled={off} placeholder={t("param.listHint")} value={value.text} onInput={(e) => set(e.currentTarget.value)} />;
          if (type === "PARAM_BOOL")
            return (
              <select {...a} disabled={off} value={value.text} onChange={(e) => set(e.currentTarget.value)}>
                <option value="">–</option>
                <option value="true">true</option>
                <option value="false">false</option>
              </select>
            );
          if (type === "PARAM_DATE") return <input {...a} type="date" min="1000-01-01" max="9999-12-31" disabled={off} value={value.text.slice(0, 10)} onInput={(e) => set(e.currentTarget.value)} />;
          if (type === "PARAM_DATETIME") return <input {...a} type="datetime-local" step="1" min="1000-01-01T00:00:00" max="9999-12-31T23:59:59" disabled={off} value={pad(value.text.replace(" ", "T"))} onInput={(e) => set(pad(e.currentTarget.value).replace("T", " "))} />;
          return <input {...a} type="text" inputMode={type === "PARAM_INT" ? "numeric" : type === "PARAM_DECIMAL" ? "decimal" : undefined} disabled={off} value={value.text} spellcheck={false} autocomplete="off" onInput={(e) => set(e.currentTarget.value)} />;
        }}
      </Field>
      <div class="param-more">
        {(type === "PARAM_DATE" || type === "PARAM_DATETIME") && !decl.list && !off && <Builtins type={type} onPick={set} />}
        {decl.optional && (
          <span class="check inline">
            <input type="checkbox" id={id} checked={!!value.left} onChange={(e) => onChange({ ...value, left: e.currentTarget.checked, isNull: false })} />
            <label for={id}>{t("param.leave", { value: decl.defaultValues?.length ? decl.defaultValues.join(", ") : decl.list ? t("param.emptyList") : "NULL" })}</label>
          </span>
        )}
      </div>
    </div>
  );
}

// Builtins offers the dates that SQL knows as :yesterday and so on.
function Builtins({ type, onPick }: { type: string; onPick: (v: string) => void }) {
  const offered = session().builtins.filter((b) => !b.scheduled && (b.type === "PARAM_DATE" || (type === "PARAM_DATETIME" && b.type === "PARAM_DATETIME")));
  const first = ["today", "yesterday", "week_start", "month_start", "last_month_start"];
  const quick = first.flatMap((name) => offered.filter((b) => b.name === name));
  const rest = offered.filter((b) => !first.includes(b.name));
  const pick = (v: string) => onPick(type === "PARAM_DATETIME" && v.length === 10 ? v + " 00:00:00" : v.slice(0, type === "PARAM_DATE" ? 10 : 19));
  if (offered.length === 0) return null;
  return (
    <span class="builtins">
      {quick.map((b) => (
        <Button key={b.name} small kind="quiet" label={`:${b.name} = ${b.value}`} onClick={() => pick(b.value)}>:{b.name}</Button>
      ))}
      {rest.length > 0 && (
        <select aria-label={t("param.builtins")} value="" onChange={(e) => { const b = rest.find((x) => x.name === e.currentTarget.value); if (b) pick(b.value); e.currentTarget.value = ""; }}>
          <option value="">{t("param.moreBuiltins")}</option>
          {rest.map((b) => <option key={b.name} value={b.name}>:{b.name} = {b.value}</option>)}
        </select>
      )}
    </span>
  );
}
