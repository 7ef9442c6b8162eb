using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;
using HieraVid.Video;

namespace HieraVid.Pipeline.Stages;

/// <summary>What all workers on a job have to know of it; written once, when the work is cut.</summary>
/// <param name="Request">The job.</param>
/// <param name="Video">The video as it was found.</param>
/// <param name="Plan">The frames that are looked at.</param>
/// <param name="FrameSize">The pictures that the model takes.</param>
/// <param name="Notes">What the reader of the answer must know so far.</param>
internal sealed record JobSheet(JobRequest Request, VideoInfo Video, SamplingPlan Plan, FrameSize FrameSize, IReadOnlyList<string> Notes);

/// <summary>What decoding a chunk came to.</summary>
/// <param name="Samples">The samples that could be decoded, by position in the plan.</param>
/// <param name="Missing">The others.</param>
internal sealed record DecodedChunk(int[] Samples, IReadOnlyList<MissingRange> Missing);

/// <summary>Where the chunks stand among the frames that could be decoded; written with the plan.</summary>
/// <param name="Chunks">Those that have frames, in order.</param>
/// <param name="Samples">All samples that could be decoded.</param>
/// <param name="Steps">The first sample behind each grid of tokens.</param>
/// <param name="Missing">The others.</param>
internal sealed record JobLayout(IReadOnlyList<PlacedChunk> Chunks, int[] Samples, int[] Steps, IReadOnlyList<MissingRange> Missing);

/// <summary>A chunk among the frames that could be decoded.</summary>
/// <param name="Index">The chunk.</param>
/// <param name="Frames">Its grids of tokens: frames, or pairs if the model takes pairs.</param>
internal sealed record PlacedChunk(int Index, FrameRange Frames);
