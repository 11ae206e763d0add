<?php

namespace Exporttask;

/**
 * What went wrong. getCode() is the number of a canonical gRPC status: that of
 * the reply's errCode, of the call, or of the instance's failure.
 */
final class ExportException extends \RuntimeException
{
}
