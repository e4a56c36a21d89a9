;; Rounding of weights, four at a time: what hub/quantise.ts does one by one, equal to it in every number and scale.
;; `npm run kernels` makes rounding-bytes.ts of it. Addresses are in bytes; nothing is checked.
(module
  (memory (export "memory") 1)

  ;; bfloat16 values at $from to float32 ones at $to. $count: a multiple of 8, more than 0.
  (func (export "widen") (param $from i32) (param $count i32) (param $to i32)
    (local $end i32) (local $eight v128)
    (local.set $end (i32.add (local.get $from) (i32.shl (local.get $count) (i32.const 1))))
    (loop $next
      (local.set $eight (v128.load (local.get $from)))
      (v128.store (local.get $to) (i32x4.shl (i32x4.extend_low_i16x8_u (local.get $eight)) (i32.const 16)))
      (v128.store offset=16 (local.get $to) (i32x4.shl (i32x4.extend_high_i16x8_u (local.get $eight)) (i32.const 16)))
      (local.set $to (i32.add (local.get $to) (i32.const 32)))
      (local.set $from (i32.add (local.get $from) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $from) (local.get $end)))))

  ;; Largest magnitude of float32 values. $count: a multiple of 4, more than 0.
  (func (export "largest") (param $from i32) (param $count i32) (result f32)
    (local $end i32) (local $most v128)
    (local.set $end (i32.add (local.get $from) (i32.shl (local.get $count) (i32.const 2))))
    (loop $next
      (local.set $most (f32x4.pmax (local.get $most) (f32x4.abs (v128.load (local.get $from)))))
      (local.set $from (i32.add (local.get $from) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $from) (local.get $end))))
    (f32.max
      (f32.max (f32x4.extract_lane 0 (local.get $most)) (f32x4.extract_lane 1 (local.get $most)))
      (f32.max (f32x4.extract_lane 2 (local.get $most)) (f32x4.extract_lane 3 (local.get $most)))))

  ;; The value of largest magnitude among 128, over -8: 0 if that is too small to be divided by.
  (func $scaleOf (param $from i32) (result f32)
    (local $end i32) (local $low v128) (local $high v128) (local $lowest f32) (local $highest f32) (local $scale f32)
    (local.set $end (i32.add (local.get $from) (i32.const 512)))
    (loop $next
      (local.set $low (f32x4.pmin (local.get $low) (v128.load (local.get $from))))
      (local.set $high (f32x4.pmax (local.get $high) (v128.load (local.get $from))))
      (local.set $from (i32.add (local.get $from) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $from) (local.get $end))))
    (local.set $lowest (f32.min
      (f32.min (f32x4.extract_lane 0 (local.get $low)) (f32x4.extract_lane 1 (local.get $low)))
      (f32.min (f32x4.extract_lane 2 (local.get $low)) (f32x4.extract_lane 3 (local.get $low)))))
    (local.set $highest (f32.max
      (f32.max (f32x4.extract_lane 0 (local.get $high)) (f32x4.extract_lane 1 (local.get $high)))
      (f32.max (f32x4.extract_lane 2 (local.get $high)) (f32x4.extract_lane 3 (local.get $high)))))
    (local.set $scale (f32.div
      (select (local.get $highest) (local.get $lowest) (f32.gt (local.get $highest) (f32.neg (local.get $lowest))))
      (f32.const -8)))
    (select (f32.const 0) (local.get $scale) (f32.lt (f32.abs (local.get $scale)) (f32.const 0x1p-126))))

  ;; 1 / $scale, or 0.
  (func $inverseOf (param $scale f32) (result f32)
    (select (f32.const 0) (f32.div (f32.const 1) (local.get $scale)) (f32.eq (local.get $scale) (f32.const 0))))

  ;; Adds the lanes' sum to the float64 at $to.
  (func $addTo (param $to i32) (param $lanes v128)
    (f64.store (local.get $to)
      (f64.add (f64.load (local.get $to))
        (f64.add
          (f64.add
            (f64.promote_f32 (f32x4.extract_lane 0 (local.get $lanes)))
            (f64.promote_f32 (f32x4.extract_lane 1 (local.get $lanes))))
          (f64.add
            (f64.promote_f32 (f32x4.extract_lane 2 (local.get $lanes)))
            (f64.promote_f32 (f32x4.extract_lane 3 (local.get $lanes))))))))

  ;; float32 values in blocks of 128 to numbers of 4 bits, two a byte, and a scale a block. Sums of squares, of what
  ;; rounding changed and of the weights, are added to the two float64 at $sums. $count: a multiple of 128, more than 0.
  (func (export "int4") (param $from i32) (param $count i32) (param $numbers i32) (param $scales i32) (param $sums i32)
    (local $end i32) (local $blockEnd i32) (local $scale f32) (local $inverse v128) (local $by v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $e v128) (local $f v128) (local $g v128) (local $h v128)
    (local $change v128) (local $changed v128) (local $total v128) (local $pairs v128)
    (local $middle v128) (local $most v128) (local $ones v128)
    ;; Added to a small float32 this rounds it to a whole number, which the lowest bits then hold: 1.5 * 2^23, and 8.
    (local.set $middle (v128.const f32x4 12582920 12582920 12582920 12582920))
    (local.set $most (v128.const f32x4 12582927 12582927 12582927 12582927))
    (local.set $ones (v128.const i32x4 15 15 15 15))
    (local.set $end (i32.add (local.get $from) (i32.shl (local.get $count) (i32.const 2))))
    (loop $block
      (local.set $scale (call $scaleOf (local.get $from)))
      (f32.store (local.get $scales) (local.get $scale))
      (local.set $inverse (f32x4.splat (call $inverseOf (local.get $scale))))
      (local.set $by (f32x4.splat (local.get $scale)))
      (local.set $changed (v128.const i32x4 0 0 0 0))
      (local.set $total (v128.const i32x4 0 0 0 0))
      (local.set $blockEnd (i32.add (local.get $from) (i32.const 512)))
      (loop $sixteen
        (local.set $a (v128.load (local.get $from)))
        (local.set $b (v128.load offset=16 (local.get $from)))
        (local.set $c (v128.load offset=32 (local.get $from)))
        (local.set $d (v128.load offset=48 (local.get $from)))
        (local.set $e (f32x4.pmin (local.get $most)
          (f32x4.add (f32x4.mul (local.get $a) (local.get $inverse)) (local.get $middle))))
        (local.set $f (f32x4.pmin (local.get $most)
          (f32x4.add (f32x4.mul (local.get $b) (local.get $inverse)) (local.get $middle))))
        (local.set $g (f32x4.pmin (local.get $most)
          (f32x4.add (f32x4.mul (local.get $c) (local.get $inverse)) (local.get $middle))))
        (local.set $h (f32x4.pmin (local.get $most)
          (f32x4.add (f32x4.mul (local.get $d) (local.get $inverse)) (local.get $middle))))
        (local.set $change (f32x4.sub
          (f32x4.mul (f32x4.sub (local.get $e) (local.get $middle)) (local.get $by))
          (local.get $a)))
        (local.set $changed (f32x4.add (local.get $changed) (f32x4.mul (local.get $change) (local.get $change))))
        (local.set $change (f32x4.sub
          (f32x4.mul (f32x4.sub (local.get $f) (local.get $middle)) (local.get $by))
          (local.get $b)))
        (local.set $changed (f32x4.add (local.get $changed) (f32x4.mul (local.get $change) (local.get $change))))
        (local.set $change (f32x4.sub
          (f32x4.mul (f32x4.sub (local.get $g) (local.get $middle)) (local.get $by))
          (local.get $c)))
        (local.set $changed (f32x4.add (local.get $changed) (f32x4.mul (local.get $change) (local.get $change))))
        (local.set $change (f32x4.sub
          (f32x4.mul (f32x4.sub (local.get $h) (local.get $middle)) (local.get $by))
          (local.get $d)))
        (local.set $changed (f32x4.add (local.get $changed) (f32x4.mul (local.get $change) (local.get $change))))
        (local.set $total (f32x4.add (local.get $total) (f32x4.add
          (f32x4.add (f32x4.mul (local.get $a) (local.get $a)) (f32x4.mul (local.get $b) (local.get $b)))
          (f32x4.add (f32x4.mul (local.get $c) (local.get $c)) (f32x4.mul (local.get $d) (local.get $d))))))
        ;; Sixteen bytes; of each pair the second moves into the upper half of the first.
        (local.set $pairs (i8x16.narrow_i16x8_u
          (i16x8.narrow_i32x4_u (v128.and (local.get $e) (local.get $ones)) (v128.and (local.get $f) (local.get $ones)))
          (i16x8.narrow_i32x4_u (v128.and (local.get $g) (local.get $ones)) (v128.and (local.get $h) (local.get $ones)))))
        (local.set $pairs (v128.or
          (v128.and (local.get $pairs) (v128.const i16x8 15 15 15 15 15 15 15 15))
          (i16x8.shr_u (v128.and (local.get $pairs) (v128.const i16x8 0x0f00 0x0f00 0x0f00 0x0f00 0x0f00 0x0f00 0x0f00 0x0f00)) (i32.const 4))))
        (v128.store64_lane 0 (local.get $numbers) (i8x16.narrow_i16x8_u (local.get $pairs) (local.get $pairs)))
        (local.set $numbers (i32.add (local.get $numbers) (i32.const 8)))
        (local.set $from (i32.add (local.get $from) (i32.const 64)))
        (br_if $sixteen (i32.lt_u (local.get $from) (local.get $blockEnd))))
      (call $addTo (local.get $sums) (local.get $changed))
      (call $addTo (i32.add (local.get $sums) (i32.const 8)) (local.get $total))
      (local.set $scales (i32.add (local.get $scales) (i32.const 4)))
      (br_if $block (i32.lt_u (local.get $from) (local.get $end)))))

  ;; A row of float32 values to numbers of 8 bits, $stride bytes apart at $numbers: a column of the transposed matrix.
  ;; Sums as above. $count: a multiple of 4, more than 0.
  (func (export "int8") (param $from i32) (param $count i32) (param $scale f32) (param $numbers i32) (param $stride i32) (param $sums i32)
    (local $end i32) (local $inverse v128) (local $by v128) (local $a v128) (local $e v128)
    (local $change v128) (local $changed v128) (local $total v128) (local $middle v128)
    (local.set $middle (v128.const f32x4 12582912 12582912 12582912 12582912))
    (local.set $inverse (f32x4.splat (call $inverseOf (local.get $scale))))
    (local.set $by (f32x4.splat (local.get $scale)))
    (local.set $end (i32.add (local.get $from) (i32.shl (local.get $count) (i32.const 2))))
    (loop $next
      (local.set $a (v128.load (local.get $from)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $a) (local.get $inverse)) (local.get $middle)))
      (local.set $change (f32x4.sub (f32x4.mul (f32x4.sub (local.get $e) (local.get $middle)) (local.get $by)) (local.get $a)))
      (local.set $changed (f32x4.add (local.get $changed) (f32x4.mul (local.get $change) (local.get $change))))
      (local.set $total (f32x4.add (local.get $total) (f32x4.mul (local.get $a) (local.get $a))))
      (v128.store8_lane 0 (local.get $numbers) (local.get $e))
      (local.set $numbers (i32.add (local.get $numbers) (local.get $stride)))
      (v128.store8_lane 4 (local.get $numbers) (local.get $e))
      (local.set $numbers (i32.add (local.get $numbers) (local.get $stride)))
      (v128.store8_lane 8 (local.get $numbers) (local.get $e))
      (local.set $numbers (i32.add (local.get $numbers) (local.get $stride)))
      (v128.store8_lane 12 (local.get $numbers) (local.get $e))
      (local.set $numbers (i32.add (local.get $numbers) (local.get $stride)))
      (local.set $from (i32.add (local.get $from) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $from) (local.get $end))))
    (call $addTo (local.get $sums) (local.get $changed))
    (call $addTo (i32.add (local.get $sums) (i32.const 8)) (local.get $total)))
)
