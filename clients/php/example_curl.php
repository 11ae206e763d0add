<?php

// A first export without the grpc extension: php-curl over HTTP/2 and the
// generated messages. One connection a call, unary calls alone.
// php example_curl.php HOST:PORT
require __DIR__ . '/autoload.php';

[, $address] = $argv;

/** Makes one unary call (gRPC over HTTP/2: a flag, the length, the message). */
function call(string $address, string $method, \Google\Protobuf\Internal\Message $request, \Google\Protobuf\Internal\Message $reply)
{
    $message = $request->serializeToString();
    $trailers = [];
    $curl = curl_init("http://$address/exporttask.ExportTask/$method");
    curl_setopt_array($curl, [
        CURLOPT_HTTP_VERSION => CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
        CURLOPT_POST => true,
        CURLOPT_HTTPHEADER => ['content-type: application/grpc', 'te: trailers'],
        CURLOPT_POSTFIELDS => pack('CN', 0, strlen($message)) . $message,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_HEADERFUNCTION => static function ($curl, string $line) use (&$trailers): int {
            [$name, $value] = array_pad(explode(':', trim($line), 2), 2, '');
            $trailers[strtolower($name)] = trim($value);
            return strlen($line);
        },
    ]);
    $body = curl_exec($curl);
    if ($body === false) {
        throw new \RuntimeException(curl_error($curl));
    }
    if (($trailers['grpc-status'] ?? '2') !== '0') {
        throw new \RuntimeException(rawurldecode($trailers['grpc-message'] ?? 'no status'), (int) ($trailers['grpc-status'] ?? 2));
    }
    $reply->mergeFromString(substr($body, 5));
    \Exporttask\ExportClient::check($reply);
    return $reply->getData();
}

$request = new \Exporttask\WshExportTaskCreateTplReq();
$request->setEtplName('curl');
$request->setEtplExpr("select 'curl' as name");
$tpl = call($address, 'CreateTpl', $request, new \Exporttask\WshExportTaskCreateTplRes());

$inst = call($address, 'CreateInst', (new \Exporttask\WshExportTaskCreateInstReq())->setEtplId($tpl->getEtplId()), new \Exporttask\WshExportTaskCreateInstRes());
while ($inst->getStatus() !== \Exporttask\WshExportInstStatus::INST_FINISH && $inst->getStatus() !== \Exporttask\WshExportInstStatus::INST_FAILED) {
    usleep(50000);
    $inst = call($address, 'GetInst', (new \Exporttask\WshExportTaskGetInstReq())->setEinstId($inst->getEinstId()), new \Exporttask\WshExportTaskGetInstRes());
}
foreach ($inst->getFiles() as $file) {
    echo $file->getRows(), ' rows, SHA-256 ', $file->getSha256(), "\n";
}
