// Exact arithmetic on doubles: products such as 10**15 * 4000 are past 2**53, where a Number loses digits.

// A finite double is numerator / 2**shift, without rounding.
function fraction(number) {
  let shift = 0n;
  while (!Number.isInteger(number)) {
    number *= 2;
    shift += 1n;
  }
  return { numerator: BigInt(number), denominator: 1n << shift };
}

function product(numbers) {
  return numbers.map(fraction).reduce((a, b) => ({
    numerator: a.numerator * b.numerator,
    denominator: a.denominator * b.denominator,
  }));
}

// BigInt division cuts towards zero; these two go down and up.
const floorOf = (numerator, denominator) =>
  numerator / denominator - (numerator % denominator < 0n ? 1n : 0n);
const ceilOf = (numerator, denominator) => -floorOf(-numerator, denominator);

// floor(product of `numbers` / divisor) and its ceil, as BigInt; divisor is an integer above 0.
export function floorOfProduct(numbers, divisor = 1) {
  const { numerator, denominator } = product(numbers);
  return floorOf(numerator, denominator * BigInt(divisor));
}

export function ceilOfProduct(numbers, divisor = 1) {
  const { numerator, denominator } = product(numbers);
  return ceilOf(numerator, denominator * BigInt(divisor));
}

// The largest BigInt whose square is at most `n`. The double is off by few units at most.
export function isqrt(n) {
  let root = BigInt(Math.floor(Math.sqrt(Number(n))));
  while (root * root > n) root -= 1n;
  while ((root + 1n) * (root + 1n) <= n) root += 1n;
  return root;
}
