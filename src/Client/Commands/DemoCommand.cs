using System.CommandLine;
using HieraVid.Models;
using HieraVid.Models.Checkpoints;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pipeline.Tokens;

namespace HieraVid.Client.Commands;

/// <summary><c>hieravid demo</c>: the whole road, from a shipped video to an answer.</summary>
internal static class DemoCommand
{
    private const string Question = "What is moving in this video?";
    private const int Seed = 1;

    internal static Command Create()
    {
        var compute = new ComputeOptions("bf16");
        var command = new Command("demo", """
            Answer a question about a shipped video, with a small checkpoint made on the spot.

            Example:
              hieravid demo
            """);
        compute.AddTo(command);
        command.SetAction((parsed, cancellation) => RunAsync(compute.Read(parsed), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(Compute compute, CancellationToken cancellation)
    {
        var video = Path.Combine(ShippedFiles.Root, "samples", "bottle-detection.mp4");
        var model = MadeUpCheckpoint.Of(CheckpointPreset.Tiny, cancellation);
        Console.Error.WriteLine($"Video:    {video}");
        Console.Error.WriteLine($"Question: {Question}");
        Console.Error.WriteLine("The checkpoint is random, so the words below mean nothing; everything before them is the real thing.");
        var request = new JobRequest
        {
            VideoPath = video,
            Question = Question,
            // Greedy choice from random weights repeats one token; drawing shows the stream.
            Generation = new GenerationRequest(MaxTokens: 32, Temperature: 1, Seed: Seed),
        };
        var code = await AskCommand.RunAsync(request, new StoreUse(TokenStore.Default), model, null, null, compute, json: false, page: null, cancellation).ConfigureAwait(false);
        Console.Error.WriteLine("Next: ./hieravid ask VIDEO \"QUESTION\" --model FOLDER, with a LLaVA-OneVision checkpoint's folder.");
        return code;
    }
}
