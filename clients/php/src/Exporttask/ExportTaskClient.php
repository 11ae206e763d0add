<?php
// GENERATED CODE -- DO NOT EDIT!

// Original file comments:
// The public API of exportd. This file began as the proto from which deployed
// clients were compiled: names, types and numbers of those messages never
// change, and this file only adds to them. A test compares the compiled
// descriptor with testdata/seed.proto.
//
// Errors of the caller are returned with gRPC status OK and errCode set in the
// reply: the number of a canonical gRPC status code as a decimal string, empty
// on success. errMsg then names the field, the value received and the values
// allowed.
//
//   "3"  INVALID_ARGUMENT     a field has an invalid value
//   "5"  NOT_FOUND            no such template, instance, schedule, delivery or file
//   "8"  RESOURCE_EXHAUSTED   a quota is used up
//   "9"  FAILED_PRECONDITION  not allowed in the current state, such as cancelling an ended instance
//   "10" ABORTED              requestId was used with another body, or etplVersion is not the current version
//
// Errors of the service (database unavailable, deadline, overload, a bug) are
// gRPC statuses other than OK with a general message: UNAVAILABLE,
// DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL. Calls without permission end
// with UNAUTHENTICATED or PERMISSION_DENIED. A stream answers an invalid
// request with one message that contains only errCode and errMsg, then ends.
//
// Conventions:
//
//   - Times are RFC 3339 in UTC with microseconds; empty: has not happened.
//   - Counts and sizes in bytes are int64. Durations are whole seconds.
//   - An enum field with an unknown number is errCode "3".
//   - A negative id, or an id of 0 where an object must be named, is errCode "3".
//   - operatorId is the operator that owns an object or makes a request. With
//     tokens it is the operator of the token, and 0 stands for it; any other
//     operator is errCode "3" unless the token has the scope admin.
//   - Lists are sorted newest first. pageSize is 1 to 500; 0 selects the default.
//     nextPageToken is empty on the last page. A pageToken belongs to its list
//     and must be sent with the same filters.
namespace Exporttask;

/**
 * ExportTask stores export templates, runs instances of them, and serves the
 * resulting files.
 */
class ExportTaskClient extends \Grpc\BaseStub {

    /**
     * @param string $hostname hostname
     * @param array $opts channel options
     * @param \Grpc\Channel $channel (optional) re-use channel object
     */
    public function __construct($hostname, $opts, $channel = null) {
        parent::__construct($hostname, $opts, $channel);
    }

    /**
     * CreateTpl validates and stores a template. The SQL is prepared on its data
     * source to learn the columns of the result; the template is then TPL_NORMAL.
     * If the data source is unreachable, the template is stored as TPL_INITED and
     * becomes TPL_NORMAL at its first successful prepare.
     * errCode 3: a field is invalid, the SQL is not one read-only SELECT, a
     * column or the data source does not exist. 10: requestId was used with
     * another body.
     * @param \Exporttask\WshExportTaskCreateTplReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function CreateTpl(\Exporttask\WshExportTaskCreateTplReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/CreateTpl',
        $argument,
        ['\Exporttask\WshExportTaskCreateTplRes', 'decode'],
        $metadata, $options);
    }

    /**
     * ListTpl lists templates, newest first, without deleted ones unless
     * withDeleted is set. With pageSize 0 it returns all of them, up to a reply
     * of about 3 MiB; nextPageToken is then set if there are more.
     * errCode 3: etplId is negative, pageSize is outside 0..500, pageToken is
     * invalid.
     * @param \Exporttask\WshExportTaskListTplReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function ListTpl(\Exporttask\WshExportTaskListTplReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/ListTpl',
        $argument,
        ['\Exporttask\WshExportTaskListTplRes', 'decode'],
        $metadata, $options);
    }

    /**
     * UpdateTpl changes the fields that are set and creates a new version of the
     * template. Existing instances do not change.
     * errCode 3: as CreateTpl. 5: no such template. 9: the template is deleted.
     * 10: etplVersion is set and is not the current version.
     * @param \Exporttask\WshExportTaskUpdateTplReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function UpdateTpl(\Exporttask\WshExportTaskUpdateTplReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/UpdateTpl',
        $argument,
        ['\Exporttask\WshExportTaskUpdateTplRes', 'decode'],
        $metadata, $options);
    }

    /**
     * ListTplVersion lists the versions of a template, newest first, each with its
     * whole content, also of a deleted template. Versions before the service kept
     * them are missing, and so are those before the latest 500.
     * errCode 3: etplId is not positive, pageSize is outside 0..500, pageToken is
     * invalid. 5: no such template.
     * @param \Exporttask\WshExportTaskListTplVersionReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function ListTplVersion(\Exporttask\WshExportTaskListTplVersionReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/ListTplVersion',
        $argument,
        ['\Exporttask\WshExportTaskListTplVersionRes', 'decode'],
        $metadata, $options);
    }

    /**
     * DeleteTpl marks a template TPL_DELETED and sets etplDeleted. Its instances
     * and their files remain. Deleting a deleted template succeeds and changes
     * nothing.
     * errCode 3: etplId is not positive. 5: no such template.
     * @param \Exporttask\WshExportTaskDeleteTplReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function DeleteTpl(\Exporttask\WshExportTaskDeleteTplReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/DeleteTpl',
        $argument,
        ['\Exporttask\WshExportTaskDeleteTplRes', 'decode'],
        $metadata, $options);
    }

    /**
     * PreviewTpl runs a stored template or a draft for its first rows and returns
     * their cells as a file would contain them. Nothing is stored. The query is
     * killed after 10 seconds.
     * errCode 3: as CreateTpl and CreateInst, rows is outside 0..200, both or
     * neither of etplId and draft are set, the query failed or took too long. 5:
     * no such template. 9: the template is deleted.
     * @param \Exporttask\WshExportTaskPreviewTplReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function PreviewTpl(\Exporttask\WshExportTaskPreviewTplReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/PreviewTpl',
        $argument,
        ['\Exporttask\WshExportTaskPreviewTplRes', 'decode'],
        $metadata, $options);
    }

    /**
     * CreateInst queues one run of a template. Everything that determines the
     * result is copied from the template and frozen in the instance.
     * errCode 3: a field or parameter is invalid. 5: no such template. 8: the
     * operator has too many waiting instances. 9: the template is deleted. 10:
     * requestId was used with another body.
     * @param \Exporttask\WshExportTaskCreateInstReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function CreateInst(\Exporttask\WshExportTaskCreateInstReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/CreateInst',
        $argument,
        ['\Exporttask\WshExportTaskCreateInstRes', 'decode'],
        $metadata, $options);
    }

    /**
     * GetInst returns one instance with its deliveries.
     * errCode 3: einstId is not positive. 5: no such instance.
     * @param \Exporttask\WshExportTaskGetInstReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function GetInst(\Exporttask\WshExportTaskGetInstReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/GetInst',
        $argument,
        ['\Exporttask\WshExportTaskGetInstRes', 'decode'],
        $metadata, $options);
    }

    /**
     * ListInst lists instances, newest first.
     * errCode 3: an id is negative, states contains an invalid state, pageSize is
     * outside 0..500, pageToken is invalid.
     * @param \Exporttask\WshExportTaskListInstReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function ListInst(\Exporttask\WshExportTaskListInstReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/ListInst',
        $argument,
        ['\Exporttask\WshExportTaskListInstRes', 'decode'],
        $metadata, $options);
    }

    /**
     * CancelInst ends a waiting instance as CANCELED at once. A running instance
     * becomes CANCELING, its query is killed on the database, and it ends as
     * CANCELED. Cancelling an instance that is CANCELING succeeds and changes
     * nothing.
     * errCode 3: einstId is not positive, reason is too long. 5: no such
     * instance. 9: the instance has ended.
     * @param \Exporttask\WshExportTaskCancelInstReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function CancelInst(\Exporttask\WshExportTaskCancelInstReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/CancelInst',
        $argument,
        ['\Exporttask\WshExportTaskCancelInstRes', 'decode'],
        $metadata, $options);
    }

    /**
     * RetryInst creates a new instance with the frozen content of one that ended
     * as FAILED, CANCELED or TIMED_OUT; an ended instance never changes. For an
     * instance in STATE_RETRY_WAIT it moves the next attempt to now and returns
     * the same instance.
     * errCode 3: einstId is not positive. 5: no such instance. 8: the operator
     * has too many waiting instances. 9: the instance is queued, runs or has
     * succeeded. 10: requestId was used with another body.
     * @param \Exporttask\WshExportTaskRetryInstReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function RetryInst(\Exporttask\WshExportTaskRetryInstReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/RetryInst',
        $argument,
        ['\Exporttask\WshExportTaskRetryInstRes', 'decode'],
        $metadata, $options);
    }

    /**
     * DeleteInst erases what an ended instance produced: its files leave the store
     * at once, SUCCEEDED becomes EXPIRED, signed links and downloads in progress
     * end, deliveries that wait fail. With eraseParams the parameter values are
     * erased as well. The instance itself and an event with operator and reason
     * stay. Calling it again changes nothing more, except with eraseParams.
     * errCode 3: einstId is not positive, reason is empty or too long. 5: no such
     * instance. 9: the instance has not ended; cancel it first.
     * @param \Exporttask\WshExportTaskDeleteInstReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function DeleteInst(\Exporttask\WshExportTaskDeleteInstReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/DeleteInst',
        $argument,
        ['\Exporttask\WshExportTaskDeleteInstRes', 'decode'],
        $metadata, $options);
    }

    /**
     * WatchInst sends the current instance, then the instance again at each
     * change of state and of progress (progress at most once a second), and ends
     * after the message that shows its end. If the replica shuts down, the stream
     * ends with UNAVAILABLE; watch again at another replica.
     * errCode 3: einstId is not positive. 5: no such instance.
     * @param \Exporttask\WshExportTaskWatchInstReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\ServerStreamingCall
     */
    public function WatchInst(\Exporttask\WshExportTaskWatchInstReq $argument,
      $metadata = [], $options = []) {
        return $this->_serverStreamRequest('/exporttask.ExportTask/WatchInst',
        $argument,
        ['\Exporttask\WshExportTaskWatchInstRes', 'decode'],
        $metadata, $options);
    }

    /**
     * DownloadInst streams a file of an instance in chunks, beginning at an
     * offset, so that an interrupted download can be resumed.
     * errCode 3: einstId is not positive, offset is negative or past the end of
     * the file, chunkSize is outside 0..1048576. 5: no such instance or file. 9:
     * the instance has not succeeded, or its files have expired.
     * @param \Exporttask\WshExportTaskDownloadInstReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\ServerStreamingCall
     */
    public function DownloadInst(\Exporttask\WshExportTaskDownloadInstReq $argument,
      $metadata = [], $options = []) {
        return $this->_serverStreamRequest('/exporttask.ExportTask/DownloadInst',
        $argument,
        ['\Exporttask\WshExportTaskDownloadInstRes', 'decode'],
        $metadata, $options);
    }

    /**
     * ListInstEvent lists the state changes of one instance, oldest first. Each
     * event is written in the transaction of the change.
     * errCode 3: einstId is not positive, pageSize is outside 0..500, pageToken
     * is invalid. 5: no such instance.
     * @param \Exporttask\WshExportTaskListInstEventReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function ListInstEvent(\Exporttask\WshExportTaskListInstEventReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/ListInstEvent',
        $argument,
        ['\Exporttask\WshExportTaskListInstEventRes', 'decode'],
        $metadata, $options);
    }

    /**
     * CreateSched stores a schedule. Each due time creates exactly one instance
     * of its template, whatever the number of replicas.
     * errCode 3: a field or parameter is invalid, the cron expression is never
     * due, endAt is in the past or before the first due time. 5: no such
     * template. 9: the template is deleted. 10: requestId was used with another
     * body.
     * @param \Exporttask\WshExportTaskCreateSchedReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function CreateSched(\Exporttask\WshExportTaskCreateSchedReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/CreateSched',
        $argument,
        ['\Exporttask\WshExportTaskCreateSchedRes', 'decode'],
        $metadata, $options);
    }

    /**
     * ListSched lists schedules, newest first, without deleted ones unless
     * withDeleted is set.
     * errCode 3: an id is negative, pageSize is outside 0..500, pageToken is
     * invalid.
     * @param \Exporttask\WshExportTaskListSchedReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function ListSched(\Exporttask\WshExportTaskListSchedReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/ListSched',
        $argument,
        ['\Exporttask\WshExportTaskListSchedRes', 'decode'],
        $metadata, $options);
    }

    /**
     * UpdateSched changes the fields that are set. With paused it pauses or
     * resumes the schedule; due times that pass while it is paused are not run
     * later.
     * errCode 3: as CreateSched. 5: no such schedule or template. 9: the schedule
     * or the template is deleted. 10: version is set and is not the current
     * version.
     * @param \Exporttask\WshExportTaskUpdateSchedReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function UpdateSched(\Exporttask\WshExportTaskUpdateSchedReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/UpdateSched',
        $argument,
        ['\Exporttask\WshExportTaskUpdateSchedRes', 'decode'],
        $metadata, $options);
    }

    /**
     * DeleteSched marks a schedule SCHED_DELETED. Its instances remain. Deleting
     * a deleted schedule succeeds and changes nothing.
     * errCode 3: eschedId is not positive. 5: no such schedule.
     * @param \Exporttask\WshExportTaskDeleteSchedReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function DeleteSched(\Exporttask\WshExportTaskDeleteSchedReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/DeleteSched',
        $argument,
        ['\Exporttask\WshExportTaskDeleteSchedRes', 'decode'],
        $metadata, $options);
    }

    /**
     * RunSched creates an instance now. With from and to it is a backfill: one
     * instance for each due time with from <= due < to that has none yet, at most
     * 100. A backfill is created completely or not at all.
     * errCode 3: only one of from and to is set, the range contains no due time
     * or more than 100. 5: no such schedule. 8: the operator has too many waiting
     * instances. 9: the schedule or its template is deleted. 10: requestId was
     * used with another body.
     * @param \Exporttask\WshExportTaskRunSchedReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function RunSched(\Exporttask\WshExportTaskRunSchedReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/RunSched',
        $argument,
        ['\Exporttask\WshExportTaskRunSchedRes', 'decode'],
        $metadata, $options);
    }

    /**
     * PreviewSched returns the next due times of a schedule or of a draft, with
     * the windows and parameters of their runs. Nothing is stored.
     * errCode 3: as CreateSched, count is outside 0..500, both or neither of
     * eschedId and draft are set. 5: no such schedule or template. 9: the template
     * is deleted.
     * @param \Exporttask\WshExportTaskPreviewSchedReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function PreviewSched(\Exporttask\WshExportTaskPreviewSchedReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/PreviewSched',
        $argument,
        ['\Exporttask\WshExportTaskPreviewSchedRes', 'decode'],
        $metadata, $options);
    }

    /**
     * ListDelivery lists deliveries of finished files, newest first.
     * errCode 3: an id is negative, states contains an invalid state, pageSize is
     * outside 0..500, pageToken is invalid.
     * @param \Exporttask\WshExportTaskListDeliveryReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function ListDelivery(\Exporttask\WshExportTaskListDeliveryReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/ListDelivery',
        $argument,
        ['\Exporttask\WshExportTaskListDeliveryRes', 'decode'],
        $metadata, $options);
    }

    /**
     * RetryDelivery restarts a failed delivery with its full number of attempts,
     * and moves the next attempt of a delivery in DELIVERY_RETRY_WAIT to now.
     * errCode 3: edeliveryId is not positive. 5: no such delivery. 9: the
     * delivery is waiting, running or done, or the file has expired.
     * @param \Exporttask\WshExportTaskRetryDeliveryReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function RetryDelivery(\Exporttask\WshExportTaskRetryDeliveryReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/RetryDelivery',
        $argument,
        ['\Exporttask\WshExportTaskRetryDeliveryRes', 'decode'],
        $metadata, $options);
    }

    /**
     * GetQueue counts waiting and running instances by operator and by worker.
     * errCode 3: operatorId is negative.
     * @param \Exporttask\WshExportTaskGetQueueReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function GetQueue(\Exporttask\WshExportTaskGetQueueReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/GetQueue',
        $argument,
        ['\Exporttask\WshExportTaskGetQueueRes', 'decode'],
        $metadata, $options);
    }

    /**
     * ListAudit lists the audit log: who did what to which object, when and from
     * where. Newest first, unless oldestFirst is set. See docs/audit.md.
     * errCode 3: an id is negative, objectId is set without kind, actions or kind
     * contains an invalid value, from or to is not a time, pageSize is outside
     * 0..5000, pageToken is invalid.
     * @param \Exporttask\WshExportTaskListAuditReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function ListAudit(\Exporttask\WshExportTaskListAuditReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/ListAudit',
        $argument,
        ['\Exporttask\WshExportTaskListAuditRes', 'decode'],
        $metadata, $options);
    }

    /**
     * ListSource lists the data sources that an operator may use, sorted by name.
     * errCode 3: operatorId is negative.
     * @param \Exporttask\WshExportTaskListSourceReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function ListSource(\Exporttask\WshExportTaskListSourceReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/ListSource',
        $argument,
        ['\Exporttask\WshExportTaskListSourceRes', 'decode'],
        $metadata, $options);
    }

    /**
     * ListTable lists the tables and views of a data source that templates may
     * read, sorted by schema and name.
     * errCode 3: the operator may not use the data source, pageSize is outside
     * 0..500, pageToken is invalid, the data source refuses the query.
     * @param \Exporttask\WshExportTaskListTableReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function ListTable(\Exporttask\WshExportTaskListTableReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/ListTable',
        $argument,
        ['\Exporttask\WshExportTaskListTableRes', 'decode'],
        $metadata, $options);
    }

    /**
     * ListTableColumn lists the columns of a table or view in their order.
     * errCode 3: as ListTable, table is empty. 5: no such table, or the data
     * source's account may not read it.
     * @param \Exporttask\WshExportTaskListTableColumnReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function ListTableColumn(\Exporttask\WshExportTaskListTableColumnReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/ListTableColumn',
        $argument,
        ['\Exporttask\WshExportTaskListTableColumnRes', 'decode'],
        $metadata, $options);
    }

    /**
     * GetSession describes the caller and what it may use.
     * @param \Exporttask\WshExportTaskGetSessionReq $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function GetSession(\Exporttask\WshExportTaskGetSessionReq $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/exporttask.ExportTask/GetSession',
        $argument,
        ['\Exporttask\WshExportTaskGetSessionRes', 'decode'],
        $metadata, $options);
    }

}
