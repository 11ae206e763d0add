<?php

namespace Exporttask;

/**
 * Runs exports and fetches their files, over PHP's grpc extension.
 *
 *     $client = new ExportClient('127.0.0.1:50051', ['credentials' => \Grpc\ChannelCredentials::createInsecure()]);
 *     $inst = $client->run($templateId, ['from' => '2026-01-01']);
 *     $client->download($inst->getEinstId(), '/tmp/orders.csv');
 */
final class ExportClient
{
    /** Statuses after which the same call may succeed a little later. */
    private const PASSING = [14 /* UNAVAILABLE */];

    private ExportTaskClient $stub;
    private array $metadata;

    /**
     * @param string $address HOST:PORT, or any target of gRPC
     * @param array $options of Grpc\BaseStub; 'credentials' is required
     * @param string $token bearer token; empty: none
     */
    public function __construct(string $address, array $options, string $token = '')
    {
        $this->stub = new ExportTaskClient($address, $options);
        $this->metadata = $token === '' ? [] : ['authorization' => ['Bearer ' . $token]];
    }

    /** The generated stub, for every other call. */
    public function stub(): ExportTaskClient
    {
        return $this->stub;
    }

    /**
     * Creates an instance and waits for its end.
     *
     * @param array<string,string|string[]|null> $params values by name, as text; a list is an array
     * @param callable|null $progress gets the instance at each change
     * @return WshExportInst one that succeeded
     * @throws ExportException what was wrong, or why it failed
     */
    public function run(int $templateId, array $params = [], ?callable $progress = null): WshExportInst
    {
        $request = (new WshExportTaskCreateInstReq())
            ->setEtplId($templateId)
            ->setParams(self::params($params))
            // Sent again with the same id it makes no second instance.
            ->setRequestId(bin2hex(random_bytes(16)));
        $inst = $this->retried(function () use ($request) {
            return $this->stub->CreateInst($request, $this->metadata)->wait();
        })->getData();
        return $this->wait($inst->getEinstId(), $progress);
    }

    /** Waits for the end of an instance. */
    public function wait(int $instanceId, ?callable $progress = null): WshExportInst
    {
        for ($failures = 0; ; $failures++) {
            $call = $this->stub->WatchInst((new WshExportTaskWatchInstReq())->setEinstId($instanceId), $this->metadata);
            $last = null;
            foreach ($call->responses() as $reply) {
                self::check($reply);
                $last = $reply->getData();
                if ($progress !== null) {
                    $progress($last);
                }
                $failures = 0;
            }
            $status = $call->getStatus();
            if ($status->code === 0 && $last !== null) {
                if ($last->getStatus() !== WshExportInstStatus::INST_FINISH) {
                    throw new ExportException($last->getErrMsg(), (int) $last->getErrCode());
                }
                return $last;
            }
            if (!in_array($status->code, self::PASSING, true) || $failures >= 10) {
                throw new ExportException($status->details, $status->code);
            }
            usleep(min(5000000, 100000 << $failures));
        }
    }

    /**
     * Fetches the first file of an instance. A download that is cut off goes on
     * where it stopped; the file is at $path only when its SHA-256 is right.
     */
    public function download(int $instanceId, string $path): WshExportFile
    {
        $part = $path . '.part';
        $out = fopen($part, 'wb');
        if ($out === false) {
            throw new ExportException("cannot write $part", 13);
        }
        $hash = hash_init('sha256');
        $file = null;
        $offset = 0;
        try {
            for ($failures = 0; ; $failures++) {
                $request = (new WshExportTaskDownloadInstReq())->setEinstId($instanceId)->setOffset($offset);
                $call = $this->stub->DownloadInst($request, $this->metadata);
                foreach ($call->responses() as $reply) {
                    self::check($reply);
                    $chunk = $reply->getData();
                    $file = $chunk->getFile() ?? $file;
                    $content = $chunk->getContent();
                    if (fwrite($out, $content) !== strlen($content)) {
                        throw new ExportException("cannot write $part", 13);
                    }
                    hash_update($hash, $content);
                    $offset += strlen($content);
                    $failures = 0;
                }
                $status = $call->getStatus();
                if ($status->code === 0) {
                    break;
                }
                if (!in_array($status->code, self::PASSING, true) || $failures >= 10) {
                    throw new ExportException($status->details, $status->code);
                }
                usleep(min(5000000, 100000 << $failures));
            }
            if (!fclose($out)) {
                throw new ExportException("cannot write $part", 13);
            }
            if ($file === null || hash_final($hash) !== $file->getSha256()) {
                throw new ExportException('the file does not have the SHA-256 that the service tells', 15);
            }
            if (!rename($part, $path)) {
                throw new ExportException("cannot write $path", 13);
            }
            return $file;
        } finally {
            if (file_exists($part)) {
                unlink($part);
            }
        }
    }

    /** Turns an envelope with an error into an exception. */
    public static function check($reply): void
    {
        if ($reply->getErrCode() !== '') {
            throw new ExportException($reply->getErrMsg(), (int) $reply->getErrCode());
        }
    }

    private function retried(callable $call)
    {
        for ($failures = 0; ; $failures++) {
            [$reply, $status] = $call();
            if ($status->code === 0) {
                self::check($reply);
                return $reply;
            }
            if (!in_array($status->code, self::PASSING, true) || $failures >= 10) {
                throw new ExportException($status->details, $status->code);
            }
            usleep(min(5000000, 100000 << $failures));
        }
    }

    /** @return WshExportParam[] */
    private static function params(array $values): array
    {
        $params = [];
        foreach ($values as $name => $value) {
            $param = (new WshExportParam())->setName($name);
            if ($value === null) {
                $param->setIsNull(true);
            } elseif (is_array($value)) {
                $param->setValues(array_map('strval', $value));
            } else {
                $param->setValue((string) $value);
            }
            $params[] = $param;
        }
        return $params;
    }
}
