// The parameters that the service found in the SQL, and their declarations.
import { session } from "../session";
import { t, word } from "../text";
import type { ParamDecl } from "../types";
import { Check, Empty, Input, Select } from "../ui/ui";

const types = ["PARAM_STRING", "PARAM_INT", "PARAM_DECIMAL", "PARAM_DATE", "PARAM_DATETIME", "PARAM_BOOL"];

export function ParamDecls({ rows, builtins, onChange }: { rows: ParamDecl[]; builtins: string[]; onChange: (rows: ParamDecl[]) => void }) {
  const change = (d: ParamDecl, part: Partial<ParamDecl>) => onChange([{ type: "PARAM_STRING", ...d, ...part }]);
  if (rows.length === 0) return <Empty icon="templates" title={t("params.none")}>{t("params.noneText")}{builtins.length > 0 && " " + t("params.builtins", { list: builtins.map((b) => ":" + b).join(", ") })}</Empty>;
  const dates = session().builtins.filter((b) => !b.scheduled && b.type !== "PARAM_INT").map((b) => ":" + b.name);
  return (
    <div class="stack">
      {rows.map((d) => {
        const type = d.type ?? "PARAM_STRING";
        const dated = type === "PARAM_DATE" || type === "PARAM_DATETIME";
        return (
          <fieldset key={d.name} class="decl">
            <legend class="mono">:{d.name}</legend>
            <Select label={t("params.type")} value={type} options={types.map((x) => [x, word("type", x)])} onChange={(v) => change(d, { type: v, maxLength: 0, defaultValues: [] })} />
            <div class="checks">
              <Check label={t("params.list")} checked={!!d.list} onChange={(list) => change(d, { list })} />
              <Check label={t("params.optional")} checked={!!d.optional} onChange={(optional) => change(d, { optional, defaultValues: optional ? d.defaultValues : [] })} />
              {d.list && <Check label={t("params.emptyList")} checked={d.emptyList === "EMPTY_LIST_NONE"} onChange={(v) => change(d, { emptyList: v ? "EMPTY_LIST_NONE" : "EMPTY_LIST_ERROR" })} />}
            </div>
            {d.optional && (
              <Input label={t("params.default")} value={(d.defaultValues ?? []).join(d.list ? ", " : "")} placeholder={d.list ? t("param.emptyList") : "NULL"} list={dated ? dates : undefined} hint={dated ? t("params.defaultDate") : d.list ? t("params.defaultList") : undefined}
                onInput={(v) => change(d, { defaultValues: v === "" ? [] : d.list ? v.split(",").map((s) => s.trim()) : [v] })} />
            )}
            {type === "PARAM_STRING" && <Input label={t("params.maxLength")} type="number" min="0" value={d.maxLength ? String(d.maxLength) : ""} placeholder="65535" onInput={(v) => change(d, { maxLength: Number(v) || 0 })} />}
          </fieldset>
        );
      })}
      {builtins.length > 0 && <p class="hint">{t("params.builtins", { list: builtins.map((b) => ":" + b).join(", ") })}</p>}
    </div>
  );
}
