using System.CommandLine;
using HieraVid.Models;
using HieraVid.Models.Tokenization;
using HieraVid.Train;
using HieraVid.Train.Network;
using HieraVid.World;
using HieraVid.World.Files;
using static TorchSharp.torch;

var folder = new Argument<DirectoryInfo>("folder") { Description = "The training's folder: checkpoint, logs, tokenizer." };
var recipe = new Option<FileInfo>("--recipe") { Description = "The course of the training (JSON).", Required = true };
var device = new Option<string>("--device") { DefaultValueFactory = _ => "cpu", Description = "cpu, cuda or cuda:N." };
var dtype = new Option<string>("--dtype") { DefaultValueFactory = _ => "bf16", Description = "bf16 or f32." };
var threads = new Option<int>("--threads") { DefaultValueFactory = _ => Environment.ProcessorCount, Description = "Shards worked on at a time." };
var log = new Option<int>("--log") { DefaultValueFactory = _ => 20, Description = "Steps between lines of the log." };
var validate = new Option<int>("--validate") { DefaultValueFactory = _ => 200, Description = "Steps between validations." };
var save = new Option<double>("--save") { DefaultValueFactory = _ => 3, Description = "Minutes between checkpoints." };
var from = new Option<DirectoryInfo?>("--from") { Description = "An exported model to begin with, where the folder has no checkpoint." };
var target = new Argument<DirectoryInfo>("target") { Description = "A folder for the model; new or without weights." };

var run = new Command("run", "Trains, from the folder's checkpoint where there is one.") { folder, recipe, device, dtype, threads, log, validate, save, from };
// Beside the main thread, which waits for Ctrl+C and its like: a training ends with a checkpoint.
run.SetAction((parsed, cancellation) => Task.Run(() =>
{
    var path = parsed.GetValue(folder)!.FullName;
    var texts = Path.Combine(path, "model");
    var start = parsed.GetValue(from)?.FullName;
    var merges = WorldModel.Merges(start ?? texts);
    var config = WorldModel.Config(merges.Count);
    Exporter.WriteTexts(texts, config, merges);
    var course = Recipe.Load(parsed.GetValue(recipe)!.FullName);
    using var trainer = new Trainer(
        path, course, config, ByteLevelTokenizer.Load(texts),
        Compute.Parse(parsed.GetValue(device)!, parsed.GetValue(dtype)!), parsed.GetValue(threads), start);
    trainer.Run(new Intervals(parsed.GetValue(log), parsed.GetValue(validate), parsed.GetValue(save)), course.Steps, cancellation);
    return 0;
}, CancellationToken.None));

var export = new Command("export", "Writes the folder's weights as a model that hieravid loads.") { folder, target };
export.SetAction(parsed =>
{
    var merges = WorldModel.Merges(Path.Combine(parsed.GetValue(folder)!.FullName, "model"));
    var config = WorldModel.Config(merges.Count);
    using var parameters = new ParameterSet(WorldNetwork.Tensors(config), ScalarType.Float32, CPU);
    if (Checkpoint.Load(parsed.GetValue(folder)!.FullName, parameters, null) == 0)
        throw new FileNotFoundException($"{parsed.GetValue(folder)} holds no {Checkpoint.FileName}.");
    Exporter.WriteTexts(parsed.GetValue(target)!.FullName, config, merges);
    Exporter.WriteWeights(parsed.GetValue(target)!.FullName, config, parameters);
    return 0;
});

var split = new Option<Split>("--split") { DefaultValueFactory = _ => Split.Test, Description = "train, validation or test." };
var seed = new Option<long>("--seed") { DefaultValueFactory = _ => 0, Description = "The first video's seed." };
var videos = new Option<int>("--videos") { DefaultValueFactory = _ => 100, Description = "How many videos." };
var questions = new Option<int>("--questions") { DefaultValueFactory = _ => 10, Description = "Questions per video, at most." };
var seconds = new Option<double>("--seconds") { DefaultValueFactory = _ => 16, Description = "Each video's length." };
var textures = new Option<Texture[]>("--textures")
{
    DefaultValueFactory = _ => [.. VideoOptions.TrainingTextures],
    AllowMultipleArgumentsPerToken = true,
    Description = "Styles of background; mosaic is in no training video.",
};
var world = new Command("world", "Writes H.264 videos and questions about them.") { target, split, seed, videos, questions, seconds, textures };
world.SetAction(parsed =>
{
    QuestionSet.Write(parsed.GetValue(target)!.FullName, new QuestionSetOptions(
        parsed.GetValue(split), parsed.GetValue(seed), parsed.GetValue(videos), parsed.GetValue(questions),
        parsed.GetValue(seconds), parsed.GetValue(textures)!));
    return 0;
});

return await new RootCommand("Trains the small model on the procedural world.") { run, export, world }.Parse(args)
    .InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });
