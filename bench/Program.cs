using HieraVid.Bench.Driver;
using HieraVid.Bench.Workers;

// "worker NAME …" is how the driver starts our side of a benchmark; everything else is for people.
return args is ["worker", ..] ? Worker.Serve(args[1..]) : BenchmarkRun.Run(args);
