// The columns of the file: picked, ordered by drag or keyboard, labelled, formatted.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { parseColumns, writeColumns, type Column } from "../columns";
import { visible } from "../format";
import { t } from "../text";
import type { ResultColumn } from "../types";
import { Button, Empty, Input, Notice, Select, Text } from "../ui/ui";

export function ColumnPicker({ value, result, onChange, extra, onExtra }: { value: string; result: ResultColumn[]; onChange: (v: string) => void; extra: string; onExtra: (v: string) => void }) {
  const parsed = parseColumns(value);
  const [raw, setRaw] = useState(parsed === null);
  const [open, setOpen] = useState(-1);
  const [drag, setDrag] = useState(-1);
  const [said, say] = useState("");
  // A moved column keeps the focus. It is set before the next key arrives, so that
  // two quick presses move the same column twice.
  const moved = useRef(-1);
  useLayoutEffect(() => {
    if (moved.current >= 0) document.getElementById("col-grip-" + moved.current)?.focus();
    moved.current = -1;
  });
  if (raw || parsed === null) {
    return (
      <div class="stack">
        {parsed === null && <Notice tone="warn">{t("columns.unreadable")}</Notice>}
        <label for="columns-raw">{t("columns.raw")}</label>
        <textarea id="columns-raw" class="mono" rows={10} value={value} spellcheck={false} onInput={(e) => onChange(e.currentTarget.value)} />
        {parsed !== null && <div><Button onClick={() => setRaw(false)}>{t("columns.form")}</Button></div>}
      </div>
    );
  }
  if (result.length === 0 && parsed.length === 0) return <Empty icon="templates" title={t("columns.none")}>{t("columns.noneText")}</Empty>;
  const all = parsed.length === 0;
  const chosen: Column[] = all ? result.map((r) => ({ name: r.name })) : parsed;
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  const left = result.filter((r) => !chosen.some((c) => same(c.name, r.name)));
  const write = (list: Column[]) => {
    // All columns in the order of the result need no list.
    const plain = list.length === result.length && list.every((c, i) => c.name === result[i]!.name && Object.entries(c).every(([k, v]) => k === "name" || v === undefined || v === ""));
    onChange(plain ? "" : writeColumns(list));
  };
  const change = (i: number, part: Partial<Column>) => write(chosen.map((c, j) => (j === i ? { ...c, ...part } : c)));
  const move = (i: number, to: number) => {
    if (to < 0 || to >= chosen.length || i === to) return;
    const list = [...chosen];
    list.splice(to, 0, ...list.splice(i, 1));
    moved.current = to;
    write(list);
    say(t("columns.moved", { name: chosen[i]!.name, n: String(to + 1), of: String(chosen.length) }));
    setOpen(-1);
  };
  return (
    <div class="stack">
      <div class="between">
        <p class="muted">{all ? t("columns.all") : t("columns.some", { n: chosen.length, of: Math.max(result.length, chosen.length) })}</p>
        <div class="actions">
          {!all && <Button small kind="quiet" onClick={() => onChange("")}>{t("columns.reset")}</Button>}
          <Button small kind="quiet" onClick={() => setRaw(true)}>{t("columns.asText")}</Button>
        </div>
      </div>
      <ul class="columns" aria-label={t("tab.columns")}>
        {chosen.map((c, i) => {
          const info = result.find((r) => same(r.name, c.name));
          return (
            <li key={c.name + i} class={drag === i ? "dragged" : undefined} draggable onDragStart={(e) => { setDrag(i); e.dataTransfer?.setData("text/plain", c.name); }} onDragEnd={() => setDrag(-1)} onDragOver={(e) => { if (drag >= 0) e.preventDefault(); }} onDrop={(e) => { e.preventDefault(); if (drag >= 0) move(drag, i); setDrag(-1); }}>
              <div class="column-row">
                <button type="button" id={"col-grip-" + i} class="grip" aria-label={t("columns.move", { name: c.name, n: String(i + 1), of: String(chosen.length) })} title={t("columns.moveHint")} onKeyDown={(e) => {
                  if (e.key === "ArrowUp" || e.key === "ArrowDown") {
                    e.preventDefault();
                    move(i, i + (e.key === "ArrowUp" ? -1 : 1));
                  }
                }}><svg class="icon" width="14" height="14" viewBox="0 0 20 20" aria-hidden="true" stroke="currentColor" stroke-width="3" stroke-linecap="round"><path d="M7 5h.01M13 5h.01M7 10h.01M13 10h.01M7 15h.01M13 15h.01" /></svg></button>
                <input type="checkbox" checked aria-label={t("columns.leaveOut", { name: c.name })} disabled={chosen.length === 1} onChange={() => write(chosen.filter((_, j) => j !== i))} />
                <span class="column-name mono"><Text>{c.name}</Text>{info ? <span class="muted type">{visible(info.type)}</span> : <span class="chip bad">{t("columns.gone")}</span>}</span>
                <input class="column-label" aria-label={t("columns.label", { name: c.name })} placeholder={visible(c.name)} value={c.label ?? ""} maxLength={255} onInput={(e) => change(i, { label: e.currentTarget.value })} />
                <Button small kind="quiet" icon={open === i ? "up" : "down"} label={t("columns.more", { name: c.name })} onClick={() => setOpen(open === i ? -1 : i)} />
              </div>
              {open === i && <ColumnMore column={c} onChange={(part) => change(i, part)} />}
            </li>
          );
        })}
      </ul>
      {left.length > 0 && (
        <ul class="columns off" aria-label={t("columns.left")}>
          {left.map((r) => (
            <li key={r.name}>
              <div class="column-row">
                <span class="grip" />
                <input type="checkbox" checked={false} aria-label={t("columns.add", { name: r.name })} onChange={() => write([...chosen, { name: r.name }])} />
                <span class="column-name mono"><Text>{r.name}</Text><span class="muted type">{visible(r.type)}</span></span>
              </div>
            </li>
          ))}
        </ul>
      )}
      <Select label={t("columns.extra")} hint={t("columns.extraHint")} value={extra} options={[["EXTRA_DEFAULT", t("columns.extraDefault")], ["EXTRA_DROP", t("columns.extraDrop")], ["EXTRA_ERROR", t("columns.extraError")]]} onChange={onExtra} />
      <div class="sr" role="status" aria-live="polite">{said}</div>
    </div>
  );
}

function ColumnMore({ column: c, onChange }: { column: Column; onChange: (part: Partial<Column>) => void }) {
  const pairs = Object.entries(c.map ?? {}).map(([k, v]) => `${k} = ${v}`).join("\n");
  const [map, setMap] = useState(pairs);
  return (
    <div class="column-more">
      <Select label={t("columns.type")} value={c.type ?? ""} options={[["", t("columns.auto")], ...["text", "number", "date", "datetime", "bool"].map((v): [string, string] => [v, t(("cell." + v) as "cell.text")])]} onChange={(v) => onChange({ type: v || undefined })} />
      <Input label={t("columns.format")} mono value={c.format ?? ""} placeholder="#,##0.00" list={["#,##0", "#,##0.00", "0.0%", "yyyy-mm-dd", "yyyy-mm-dd hh:mm"]} onInput={(v) => onChange({ format: v || undefined })} />
      <Input label={t("columns.width")} type="number" min="0" value={c.width ? String(c.width) : ""} placeholder={t("columns.auto")} onInput={(v) => onChange({ width: Number(v) || undefined })} />
      {typeof c.zone !== "object" && <Input label={t("columns.zone")} value={c.zone ?? ""} placeholder="Asia/Shanghai" list={["Asia/Shanghai", "UTC", "Europe/Berlin", "America/New_York"]} onInput={(v) => onChange({ zone: v || undefined })} />}
      <div class="field wide">
        <label for={"map-" + c.name}>{t("columns.map")}</label>
        <textarea id={"map-" + c.name} rows={3} placeholder={"0 = " + t("columns.mapHint")} value={map} onInput={(e) => {
          setMap(e.currentTarget.value);
          const entries = e.currentTarget.value.split("\n").filter((l) => l.includes("=")).map((l) => { const at = l.indexOf("="); return [l.slice(0, at).trim(), l.slice(at + 1).trim()]; });
          onChange({ map: entries.length ? Object.fromEntries(entries) : undefined });
        }} />
      </div>
    </div>
  );
}
