using System.Runtime.CompilerServices;

// The algorithms behind the public types are tested one by one, against plain versions of themselves.
[assembly: InternalsVisibleTo("HieraVid.Models.Tests")]
