<?php

// For those who do without composer: this package, the grpc library (its folder
// in GRPC_PHP_LIB), and the protobuf runtime of the distribution.
spl_autoload_register(static function (string $class): void {
    $roots = [__DIR__ . '/src', getenv('GRPC_PHP_LIB') ?: '', '/usr/share/php'];
    foreach ($roots as $root) {
        $file = $root . '/' . str_replace('\\', '/', $class) . '.php';
        if ($root !== '' && is_file($file)) {
            require $file;
            return;
        }
    }
});
