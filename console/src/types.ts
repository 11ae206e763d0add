// Messages of the API, as far as the console uses them. Names are those of the
// proto; 64-bit numbers are strings.
export type Format = "FMT_DEFAULT" | "FMT_CSV" | "FMT_XLS" | "FMT_XLSX" | string;

export interface ParamDecl {
  name: string;
  type?: string;
  list?: boolean;
  optional?: boolean;
  defaultValues?: string[];
  emptyList?: string;
  maxLength?: number;
}
export interface Param {
  name: string;
  value?: string;
  values?: string[];
  isNull?: boolean;
}
export interface DeliverTo {
  destination: string;
  path?: string;
  recipients?: string[];
  subject?: string;
  require?: string;
}
export interface Notify {
  to?: DeliverTo[];
  lateSec?: number;
}
export type Options = Record<string, string | number | boolean | undefined>;
export interface ResultColumn {
  name: string;
  type: string;
}
export interface Tpl {
  etplId: number;
  etplName: string;
  etplTag?: string;
  etplOutputFormat?: Format;
  etplOutputColumns?: string;
  etplExpr: string;
  etplExecTimes?: number;
  etplExecOkTimes?: number;
  etplStatus?: number;
  etplCreated?: string;
  etplUpdated?: string;
  etplDeleted?: string;
  operatorId?: number;
  etplSource?: string;
  etplParams?: ParamDecl[];
  etplOptions?: Options;
  etplTimeoutSec?: number;
  etplMaxAttempts?: number;
  etplRetentionSec?: string;
  etplVersion?: number;
  etplResultColumns?: ResultColumn[];
  etplLimits?: { rows?: string; bytes?: string; running?: number };
  etplExtraColumns?: string;
  etplDeliverTo?: DeliverTo[];
  etplNotify?: Notify;
}
export interface Warning {
  code: string;
  count: string;
  text: string;
}
export interface File {
  name: string;
  contentType: string;
  rows?: string;
  bytes?: string;
  sha256: string;
  url: string;
}
export interface Inst {
  einstId: string;
  etplId: number;
  state: string;
  etplName: string;
  etplVersion: number;
  etplSource: string;
  etplExpr: string;
  etplOutputColumns?: string;
  etplOutputFormat: Format;
  etplOptions?: Options;
  params?: Param[];
  timeoutSec?: number;
  operatorId?: number;
  retryOf?: string;
  created: string;
  started?: string;
  finished?: string;
  expires?: string;
  rowsDone?: string;
  bytesDone?: string;
  attempt?: number;
  maxAttempts?: number;
  nextAttempt?: string;
  worker?: string;
  errCode?: string;
  errMsg?: string;
  willRetry?: boolean;
  warnings?: Warning[];
  files?: File[];
  eschedId?: string;
  due?: string;
  windowStart?: string;
  windowEnd?: string;
  deliveries?: Delivery[];
}
export interface InstEvent {
  eventId: string;
  at: string;
  state: string;
  attempt?: number;
  worker?: string;
  operatorId?: number;
  reason?: string;
}
export interface Delivery {
  edeliveryId: string;
  einstId: string;
  destination: string;
  kind?: string;
  state: string;
  attempt?: number;
  maxAttempts?: number;
  nextAttempt?: string;
  errMsg?: string;
  location?: string;
  created: string;
  finished?: string;
  event?: string;
}
export interface Sched {
  eschedId: string;
  eschedName: string;
  etplId: number;
  params?: Param[];
  etplOutputFormat?: Format;
  cron: string;
  zone?: string;
  missed?: string;
  overlap?: string;
  jitterSec?: number;
  startAt?: string;
  endAt?: string;
  status?: string;
  upcoming?: string[];
  lastDue?: string;
  lastInst?: string;
  lastProblem?: string;
  deliverTo?: DeliverTo[];
  operatorId?: number;
  version?: number;
  created?: string;
  notify?: Notify;
  pauseAfterFailures?: number;
  failures?: number;
}
export interface Preview {
  columns?: { label: string; name: string; type: string }[];
  rows?: { cells?: { text?: string; isNull?: boolean }[] }[];
  more?: boolean;
  estimatedRows?: string;
  params?: Param[];
  warnings?: Warning[];
}
export interface Queue {
  operators?: { operatorId?: number; waiting?: string; retrying?: string; running?: string; oldestSec?: string }[];
  workers?: { worker: string; running?: string }[];
}
export interface Page<T> {
  data?: T[];
  nextPageToken?: string;
}
