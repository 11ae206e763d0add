// The SQL editor: CodeMirror in a shadow root, whose style sheets need no exception
// in the Content-Security-Policy. This file is its own bundle.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { MySQL, sql } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics, lintGutter } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, highlightActiveLine, highlightSpecialChars, keymap, lineNumbers, MatchDecorator, placeholder, ViewPlugin, type DecorationSet, type ViewUpdate } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export interface Table {
  name: string; // as SQL writes it
  detail?: string;
  columns: () => Promise<{ name: string; type: string }[]>;
}
export interface EditorOptions {
  parent: HTMLElement;
  value: string;
  label: string;
  placeholder: string;
  onChange: (value: string) => void;
  onRun?: () => void;
  tables: (prefix: string) => Promise<Table[]>;
  params: () => string[];
}
export interface SqlEditor {
  mark(problem: { from: number; to: number; message: string } | null): void;
  destroy(): void;
}

const colors = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--code-keyword)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
  { tag: tags.typeName, color: "var(--code-type)" },
  { tag: tags.special(tags.name), color: "var(--accent)", fontWeight: "600" },
]);

// Parameters stand out, also where their names are keywords.
const paramMatcher = new MatchDecorator({ regexp: /(?<![:\w]):[A-Za-z_]\w*/g, decoration: Decoration.mark({ class: "cm-param" }) });
const paramMarks = ViewPlugin.fromClass(
  class {
    marks: DecorationSet;
    constructor(view: EditorView) {
      this.marks = paramMatcher.createDeco(view);
    }
    update(u: ViewUpdate) {
      this.marks = paramMatcher.updateDeco(u, this.marks);
    }
  },
  { decorations: (v) => v.marks },
);

const look = EditorView.theme({
  ".cm-param, .cm-param *": { color: "var(--code-param) !important", fontWeight: "600" },
  "&": { color: "var(--text)", backgroundColor: "var(--surface)", fontSize: "13px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", minHeight: "126px", maxHeight: "55vh" },
  ".cm-content": { padding: "12px 0", caretColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--muted)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "var(--hover)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--select)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-placeholder": { color: "var(--muted)" },
  ".cm-tooltip": { backgroundColor: "var(--surface)", color: "var(--text)", border: "1px solid var(--line-strong)", borderRadius: "8px", boxShadow: "var(--shadow)", overflow: "hidden" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "12px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 10px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--text)" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal", marginLeft: "1.5em" },
  ".cm-diagnostic": { padding: "8px 12px", whiteSpace: "pre-wrap", maxWidth: "60ch" },
  ".cm-diagnostic-error": { borderLeft: "3px solid var(--bad)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)" },
});

export function createEditor(o: EditorOptions): SqlEditor {
  const root = o.parent.attachShadow({ mode: "open" });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: o.value,
      extensions: [
        lineNumbers(), highlightSpecialChars(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(), highlightActiveLine(), lintGutter(),
        sql({ dialect: MySQL, upperCaseKeywords: true }),
        MySQL.language.data.of({ autocomplete: (c: CompletionContext) => complete(c, o) }),
        autocompletion({ icons: false }),
        syntaxHighlighting(colors), paramMarks, look, EditorView.lineWrapping, placeholder(o.placeholder),
        EditorView.contentAttributes.of({ "aria-label": o.label, spellcheck: "false", autocapitalize: "off" }),
        // Tab moves on to the next field, as everywhere in a form.
        keymap.of([
          { key: "Mod-Enter", run: () => (o.onRun?.(), true) },
          ...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap.filter((k) => k.key !== "Mod-Enter"),
        ]),
        EditorView.updateListener.of((u) => {
          if (u.docChanged) o.onChange(u.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    mark(problem) {
      const end = view.state.doc.length;
      view.dispatch(setDiagnostics(view.state, problem ? [{ from: Math.min(problem.from, end), to: Math.min(Math.max(problem.to, problem.from), end), severity: "error", message: problem.message }] : []));
    },
    destroy: () => view.destroy(),
  };
}

// complete offers parameters after a colon, columns after "table.", else the tables
// and the columns of tables that the statement names.
async function complete(c: CompletionContext, o: EditorOptions): Promise<CompletionResult | null> {
  const param = c.matchBefore(/:\w*/);
  if (param) return { from: param.from + 1, options: o.params().map((label) => ({ label, type: "variable" })), validFor: /^\w*$/ };
  const text = c.state.doc.toString();
  const dotted = c.matchBefore(/[\w`]+\.\w*/);
  const bare = (s: string) => s.replace(/`/g, "").toLowerCase();
  if (dotted) {
    const dot = dotted.text.indexOf(".");
    const owner = bare(dotted.text.slice(0, dot));
    const name = aliases(text).get(owner) ?? owner;
    const table = (await o.tables(name)).find((x) => bare(x.name) === name);
    if (!table) return null;
    return { from: dotted.from + dot + 1, options: (await table.columns()).map((x) => ({ label: x.name, detail: x.type, type: "property" })), validFor: /^\w*$/ };
  }
  const word = c.matchBefore(/\w+/);
  if (!word && !c.explicit) return null;
  const tables = await o.tables(word?.text ?? "");
  const named = new Set([...aliases(text).values()]);
  const columns = await Promise.all([...named].slice(0, 8).map(async (n) => (await o.tables(n)).find((x) => bare(x.name) === n)?.columns() ?? []));
  const seen = new Set<string>();
  const options = columns.flat().filter((x) => !seen.has(x.name) && seen.add(x.name)).map((x) => ({ label: x.name, detail: x.type, type: "property", boost: 2 }));
  return { from: word ? word.from : c.pos, options: [...options, ...tables.map((x) => ({ label: x.name, detail: x.detail, type: "class", boost: 1 }))], validFor: /^\w*$/ };
}

// aliases maps the aliases and names of tables after FROM and JOIN to their names.
function aliases(text: string): Map<string, string> {
  const out = new Map<string, string>();
  for (const m of text.matchAll(/(?:\bfrom|\bjoin|,)\s+`?(\w+)`?(?:\.`?(\w+)`?)?(?:\s+(?:as\s+)?`?(\w+)`?)?/gi)) {
    const name = (m[2] ?? m[1]!).toLowerCase();
    out.set(name, name);
    if (m[3] && !/^(where|join|left|right|inner|cross|on|order|group|limit|having|union|using|natural|straight_join)$/i.test(m[3])) out.set(m[3].toLowerCase(), name);
  }
  return out;
}
