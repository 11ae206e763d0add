<?php

// What can go wrong, with the real extension: php test.php HOST:PORT
require __DIR__ . '/autoload.php';

use Exporttask\ExportClient;
use Exporttask\ExportException;

[, $address] = $argv;
$exports = new ExportClient($address, ['credentials' => \Grpc\ChannelCredentials::createInsecure()]);

/** Runs f and returns the exception it must throw. */
function refused(callable $f): ExportException
{
    try {
        $f();
    } catch (ExportException $e) {
        return $e;
    }
    exit("not refused\n");
}

function same($want, $got): void
{
    if ($want !== $got) {
        exit('got ' . var_export($got, true) . ', want ' . var_export($want, true) . "\n");
    }
}

same(5, refused(fn () => $exports->run(99999))->getCode());
same(3, refused(fn () => $exports->run(-1))->getCode());
same(5, refused(fn () => $exports->download(99999, sys_get_temp_dir() . '/never.csv'))->getCode());
same(false, file_exists(sys_get_temp_dir() . '/never.csv'));

$request = (new \Exporttask\WshExportTaskCreateTplReq())->setEtplName('lists')
    ->setEtplExpr('select EtplName from welife_export_tpl where EtplName in (:names) or EtplName = :other')
    ->setEtplParams([(new \Exporttask\WshExportParamDecl())->setName('names')->setList(true)]);
[$reply, $status] = $exports->stub()->CreateTpl($request)->wait();
same(0, $status->code);
ExportClient::check($reply);
$seen = [];
$inst = $exports->run($reply->getData()->getEtplId(), ['names' => ['lists', '中'], 'other' => "'; drop table x"], function ($change) use (&$seen) {
    $seen[] = $change->getState();
});
same(1, (int) $inst->getRowsDone());
same(\Exporttask\WshExportInstState::STATE_SUCCEEDED, end($seen));
$path = tempnam(sys_get_temp_dir(), 'export');
$exports->download($inst->getEinstId(), $path);
same("EtplName\r\nlists\r\n", file_get_contents($path));
unlink($path);

$failing = (new \Exporttask\WshExportTaskCreateTplReq())->setEtplName('fails')->setEtplExpr('select 1 union all select 2')
    ->setEtplLimits((new \Exporttask\WshExportLimits())->setRows(1));
[$reply] = $exports->stub()->CreateTpl($failing)->wait();
$e = refused(fn () => $exports->run($reply->getData()->getEtplId()));
same(8, $e->getCode());
same('limit of rows passed: 1', $e->getMessage());
echo "all right\n";
