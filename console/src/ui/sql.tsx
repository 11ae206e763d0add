// The SQL editor as a component. Its bundle is loaded at first use; until then, and
// where it cannot be loaded, a plain text field takes its place. The editor starts
// with the value and then keeps its own: a new key shows another text.
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api";
import type { SqlEditor, Table } from "../editor";
import { t } from "../text";

interface TableRow { schema: string; name: string; sqlName: string; view?: boolean }
interface ColumnRow { name: string; sqlName: string; type: string }

const tables = new Map<string, Promise<Table[]>>();

// tablesOf lists tables of a source whose names contain the prefix. Answers are kept
// while the page is open; a failure offers nothing and is not kept.
function tablesOf(source: string, prefix: string): Promise<Table[]> {
  const key = source + "\n" + prefix.slice(0, 3).toLowerCase();
  let found = tables.get(key);
  if (!found) {
    found = get<{ data?: TableRow[] }>("/v1/table", { etplSource: source, name: prefix.slice(0, 3), pageSize: 200 }).then((res) =>
      (res.data ?? []).map((x) => {
        let columns: Promise<{ name: string; type: string }[]> | undefined;
        return {
          name: x.sqlName, detail: x.view ? "view" : undefined,
          columns: () => (columns ??= get<{ data?: ColumnRow[] }>("/v1/table/columns", { etplSource: source, schema: x.schema, table: x.name }).then(
            (r) => (r.data ?? []).map((c) => ({ name: c.sqlName, type: c.type })),
            () => ((columns = undefined), []),
          )),
        };
      }),
      () => (tables.delete(key), []),
    );
    tables.set(key, found);
  }
  return found;
}

export interface Problem { from: number; to: number; message: string }

export function Sql({ value, onChange, source, params, problem, onRun }: { value: string; onChange: (v: string) => void; source: string; params: string[]; problem: Problem | null; onRun?: () => void }) {
  const parent = useRef<HTMLDivElement>(null);
  const editor = useRef<SqlEditor | undefined>(undefined);
  const latest = useRef({ onChange, source, params, onRun });
  latest.current = { onChange, source, params, onRun };
  const [plain, setPlain] = useState(true);
  const current = useRef(value);
  current.current = value;
  useEffect(() => {
    let gone = false;
    import("../editor").then(
      (m) => {
        if (gone || !parent.current) return;
        editor.current = m.createEditor({
          parent: parent.current, value: current.current, label: t("tpl.sql"), placeholder: "SELECT …",
          onChange: (v) => latest.current.onChange(v),
          onRun: () => latest.current.onRun?.(),
          tables: (prefix) => tablesOf(latest.current.source, prefix),
          params: () => latest.current.params,
        });
        setPlain(false);
      },
      () => {}, // the text field stays
    );
    return () => {
      gone = true;
      editor.current?.destroy();
    };
  }, []);
  useEffect(() => editor.current?.mark(problem), [problem?.from, problem?.to, problem?.message, plain]);
  return (
    <>
      {plain && <textarea class="sql-plain mono" rows={6} aria-label={t("tpl.sql")} spellcheck={false} value={value} onInput={(e) => onChange(e.currentTarget.value)} />}
      <div ref={parent} class={plain ? "sql-editor hidden" : "sql-editor"} />
    </>
  );
}
