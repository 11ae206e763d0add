<?php

// A first export: php -d extension=grpc example.php HOST:PORT OUT.csv
require __DIR__ . '/autoload.php';

[, $address, $out] = $argv;

$client = new \Exporttask\ExportTaskClient($address, ['credentials' => \Grpc\ChannelCredentials::createInsecure()]);
$request = new \Exporttask\WshExportTaskCreateTplReq();
$request->setEtplName('world');
$request->setEtplTag('mall');
$request->setEtplExpr('select EtplName from welife_export_tpl where EtplName = :name');
$request->setEtplOutputFormat(\Exporttask\WshExportFormat::FMT_CSV);
list($reply, $status) = $client->CreateTpl($request)->wait();
if ($status->code !== 0 || $reply->getErrCode() !== '') {
    exit($status->details . $reply->getErrMsg() . "\n");
}

$exports = new \Exporttask\ExportClient($address, ['credentials' => \Grpc\ChannelCredentials::createInsecure()]);
$inst = $exports->run($reply->getData()->getEtplId(), ['name' => 'world']);
$file = $exports->download($inst->getEinstId(), $out);
echo $file->getRows(), ' rows, SHA-256 ', $file->getSha256(), "\n";
