return await HieraVid.Silo.SiloCommand.RunAsync(args).ConfigureAwait(false);
