using HieraVid.Client;

return await CommandLine.RunAsync(args).ConfigureAwait(false);
