<?php
// GENERATED CODE -- DO NOT EDIT!

// Original file comments:
// The contract of exportd. It began as the proto that deployed clients were
// compiled from: the names, types and numbers of those messages never change,
// this file only adds to them (a test holds it against testdata/seed.proto).
//
// Every reply carries an envelope. What the caller did or asked wrong comes
// back as gRPC OK with errCode set: the number of a canonical gRPC status as a
// decimal string, empty on success.
//
//   "3"  INVALID_ARGUMENT     a field is wrong; errMsg names it, what came and what is allowed
//   "5"  NOT_FOUND            no such template, instance or file
//   "8"  RESOURCE_EXHAUSTED   a quota is used up
//   "9"  FAILED_PRECONDITION  the state does not allow it: cancel of an ended instance
//   "10" ABORTED              the requestId was used with another body, or etplVersion is an older one
//
// What the service could not do (database down, deadline, overload, a bug) is
// a gRPC status other than OK with a plain message: UNAVAILABLE,
// DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL. So is a caller that may not
// call at all: UNAUTHENTICATED, PERMISSION_DENIED. A stream answers a wrong
// request with one message that holds nothing but the envelope, then ends.
//
// Times are RFC 3339 in UTC with microseconds, empty where the thing has not
// happened. Counts and sizes in bytes are int64. Durations are whole seconds.
namespace Exporttask;

/**
 * ExportTask saves export templates, runs instances of them and hands out
 * their files.
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
     * CreateTpl checks and saves a template. The SQL is prepared on its data
     * source to learn the result's columns: the template is then TPL_NORMAL.
     * Where the source cannot be reached it is kept as TPL_INITED and becomes
     * TPL_NORMAL at its first successful prepare.
     * errCode 3: a field is wrong, the SQL is not one read-only SELECT, a
     * column or data source does not exist. errCode 10: requestId was used for
     * another template.
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
     * ListTpl lists templates, newest first, deleted ones left out unless asked
     * for. Without pageSize it answers with all of them, up to a reply of
     * about 3 MiB; nextPageToken is set where there are more.
     * errCode 3: a negative etplId, a pageSize outside 0..500, a broken pageToken.
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
     * UpdateTpl changes the fields that are set and makes a new version.
     * Instances keep what they were created with.
     * errCode 3: as CreateTpl. 5: no such template. 9: it is deleted. 10:
     * etplVersion is set and is not the template's version any more.
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
     * DeleteTpl marks a template TPL_DELETED and sets etplDeleted; its
     * instances and their files stay. Deleting it again changes nothing.
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
     * PreviewTpl runs a template, saved or not, for its first rows and shows
     * their cells as a file would hold them. Nothing is kept. The query has 10
     * seconds.
     * errCode 3: as CreateTpl and CreateInst, rows outside 0..200, both or
     * neither of etplId and draft, the query passed its time or failed. 5: no
     * such template. 9: the template is deleted.
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
     * CreateInst queues one run of a template, with everything that decides its
     * outcome frozen as it is now.
     * errCode 3: a field or parameter is wrong. 5: no such template. 8: too
     * many instances are waiting. 9: the template is deleted. 10: requestId was
     * used with another body.
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
     * GetInst shows one instance. errCode 3: einstId is not positive. 5: no such instance.
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
     * ListInst lists instances, newest first, 50 a page unless told otherwise.
     * errCode 3: a negative id, a pageSize outside 0..500, a broken pageToken.
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
     * CancelInst ends an instance that waits as CANCELED at once; one that runs
     * becomes CANCELING, its query is killed on the database, then it is
     * CANCELED. Cancelling one that is CANCELING changes nothing.
     * errCode 3: einstId is not positive. 5: no such instance. 9: it has ended.
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
     * RetryInst makes a new instance with the frozen body of one that ended
     * FAILED, CANCELED or TIMED_OUT (an ended instance never changes); one
     * that waits for its next attempt is put at the head of that wait and
     * returned itself.
     * errCode 3: einstId is not positive. 5: no such instance. 8: too many
     * instances are waiting. 9: it is queued, runs or succeeded. 10: requestId
     * was used with another body.
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
     * WatchInst sends the instance as it is, then again at each change of state
     * and of rowsDone (at most once a second), and ends after the message that
     * shows its end. errCode 3: einstId is not positive. 5: no such instance.
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
     * DownloadInst streams a file of an ended instance in chunks, from an
     * offset on, so that a cut download can be resumed.
     * errCode 3: einstId not positive, offset negative or past the end,
     * chunkSize outside 0..1048576. 5: no such instance or file. 9: it did not
     * succeed (yet), or the file has expired.
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
     * ListInstEvent lists what happened to one instance, oldest first: one
     * event for each change of state, written in the transaction of the change.
     * errCode 3: einstId is not positive, a pageSize outside 0..500, a broken
     * pageToken. 5: no such instance.
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
     * CreateSched saves a schedule: each of its due times makes one instance of
     * its template, whatever the number of replicas.
     * errCode 3: a field or parameter is wrong, the cron expression never comes
     * due. 5: no such template. 9: the template is deleted. 10: requestId was
     * used with another body.
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
     * ListSched lists schedules, newest first, deleted ones left out unless
     * asked for, 50 a page unless told otherwise.
     * errCode 3: a negative id, a pageSize outside 0..500, a broken pageToken.
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
     * UpdateSched changes the fields that are set; with paused it stops and
     * starts a schedule. Due times that pass while it is paused are not made up
     * for.
     * errCode 3: as CreateSched. 5: no such schedule or template. 9: it is
     * deleted. 10: version is set and is not the schedule's version any more.
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
     * DeleteSched marks a schedule SCHED_DELETED; its instances stay. Deleting
     * it again changes nothing.
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
     * RunSched makes an instance now, or, with from and to, one for each due
     * time from <= due < to that has none yet (a backfill), up to 100.
     * errCode 3: one of from and to without the other, a range without or with
     * more than 100 due times. 5: no such schedule. 8: too many instances are
     * waiting. 9: the schedule or its template is deleted. 10: requestId was
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
     * ListDelivery lists deliveries of finished files, newest first, 50 a page
     * unless told otherwise.
     * errCode 3: a negative id, a pageSize outside 0..500, a broken pageToken.
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
     * RetryDelivery tries one that failed again, with all its attempts, or one
     * that waits for its next attempt at once.
     * errCode 3: edeliveryId is not positive. 5: no such delivery. 9: it is
     * waiting, running or done, or the file has expired.
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
     * GetQueue shows what waits and what runs, by operator and by worker.
     * errCode 3: a negative operatorId.
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

}
