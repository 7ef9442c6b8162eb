using HieraVid.Client.Verification;
using HieraVid.Models;
foreach (var r in GoldenSuite.Run(args[0], Compute.Reference)) Console.WriteLine(r);
